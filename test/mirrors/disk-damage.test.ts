/**
 * Promise: what breaks on a mirror's disk is found without any client, within `reverify`; the mirror loses those blobs and
 * no others, and gets them again.
 */
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { pathOnMirror } from '../clients/mirrored.ts';
import { showTime } from '../clients/show-time.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { Descriptor } from '../support/image.ts';
import { type NginxMirror, startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { redirectedTo } from './asker.ts';
import { awaitComplete, isUpToDate, lackedBy, layerSizes, mirrorView, releaseImage } from './scene.ts';

const LAYERS = 12;
const REVERIFY_MS = 20_000;
/** Until the worker has written down what it read, and the release service has read that. */
const SHOWN_MS = 5000;
const REPAIRED_MS = 20_000;

async function flipByte(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

const DAMAGES = [
  ['a flipped byte', flipByte],
  ['a deleted file', (file: string) => rm(file)],
  ['a truncated file', (file: string) => truncate(file, 1000)],
] as const;

requires(['nginx'])("damage on a mirror's disk", function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  let mirror: NginxMirror;
  /** Before the port that the worker writes to: it can be kept from repairs while the test looks. */
  let writes: FaultProxy;
  let layers: readonly Descriptor[];

  before(async () => {
    const port = await freePort();
    mirror = held.use(
      await startNginxMirror({
        root: join(held.use(await tempDir('mirror')).path, 'root'),
        originUrl: `http://127.0.0.1:${port}`,
      }),
    );
    writes = held.use(await startFaultProxy(mirror.davUrl));
    const reverify = `${REVERIFY_MS / 1000}s`;
    const entry = { name: 'disk', url: mirror.url, sameoperator: true, reverify };
    registry = held.use(
      await startRegistry({ port, mirrors: [{ ...entry, write: { webdav: writes.endpoint } }] }),
    );
    const nodes = { node: registry, release: registry };
    ({ layers } = await releaseImage(nodes, '1', layerSizes(LAYERS)));
    await awaitComplete(registry.url, ['disk']);
  });
  after(() => held.disposeAsync());

  const fileOf = ({ digest }: Descriptor) => join(mirror.root, pathOnMirror(digest));
  const damaged = () => layers.slice(0, DAMAGES.length);
  const digestsOf = (blobs: readonly Descriptor[]) => blobs.map(({ digest }) => digest).sort();
  const view = () => mirrorView(registry.url, 'disk');

  it('is found without a client: each of the blobs, and no other', async function () {
    writes.rule = ({ method }) => (method === 'PUT' ? { kind: 'answer', status: 503 } : undefined);
    for (const [i, [, damage]] of DAMAGES.entries()) await damage(fileOf(layers[i] as Descriptor));
    const found = new Map<string, number>();
    const startedAt = performance.now();
    const areFound = async () => {
      for (const digest of lackedBy(await view()))
        if (!found.has(digest)) found.set(digest, performance.now() - startedAt);
      return found.size >= DAMAGES.length;
    };
    const what = () => ({ found: [...found.keys()], damaged: digestsOf(damaged()) });
    showTime(this.test, await eventually(what, areFound, REVERIFY_MS + SHOWN_MS, 100));
    for (const [i, [name]] of DAMAGES.entries())
      console.log(`      ${name}: found after ${Math.round(found.get(layers[i]?.digest ?? '') ?? -1)} ms`);
    expect([...found.keys()].sort()).to.deep.equal(digestsOf(damaged()));
    for (const { reason, sizeBytes } of (await view()).lacks ?? []) {
      expect(reason).to.match(/\w+ \w+/);
      expect(sizeBytes).to.equal(layers[0]?.size);
    }
  });

  it('stops redirects for these blobs, and for no others', async () => {
    const left = digestsOf(layers.slice(DAMAGES.length));
    let used: string[] = [];
    const areLeft = async () => {
      used = (await redirectedTo(mirror.url, registry.url, 'app', layers)).sort();
      return JSON.stringify(used) === JSON.stringify(left);
    };
    await eventually(() => ({ used, left }), areLeft);
    expect(lackedBy(await view())).to.deep.equal(digestsOf(damaged()));
    expect(isUpToDate(await view())).to.equal(true);
  });

  it('is repaired', async function () {
    writes.rule = () => undefined;
    const areRight = async () => {
      const contents = await Promise.all(
        layers.map((layer) => readFile(fileOf(layer)).catch(() => undefined)),
      );
      return contents.every((bytes, i) => bytes !== undefined && sha256(bytes) === layers[i]?.digest);
    };
    showTime(this.test, await eventually('the files are right again', areRight, REPAIRED_MS));
    await awaitComplete(registry.url, ['disk']);
    const areUsed = async () =>
      (await redirectedTo(mirror.url, registry.url, 'app', layers)).length === LAYERS;
    await eventually('all are redirected again', areUsed, 10_000, 200);
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Mirrors } from '../../services/release/schemas.ts';
import { StoreView } from '../faults/store-view.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { eventually } from '../support/eventually.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { layoutBlobPath } from '../support/layout-writer.ts';
import type { NginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { clientLines, redirectedLayers, startMirrors } from './mirrored.ts';
import { showTime } from './show-time.ts';

/** How long a tag's move through one node may go unseen on another. */
const TAG_SEEN_MS = 8000;
/** How long a node may take to learn of a promotion, and of what the mirrors hold. */
const LEARNT_MS = 8000;
const TAKEN_OVER_MS = 15_000;

/** A request that has to be answered so. */
async function send(method: string, url: string, status: number, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, { redirect: 'manual', ...init, method });
  if (response.status === status) return response;
  throw new Error(`${method} ${url} was answered with ${response.status}: ${await response.text()}`);
}

async function putManifest(node: TestRegistry, name: string, body: Buffer<ArrayBuffer>): Promise<void> {
  const { mediaType } = JSON.parse(body.toString()) as { mediaType: string };
  await send('PUT', `${node.url}/v2/${name}`, 201, { headers: { 'content-type': mediaType }, body });
}

/** The digest that a tag names, as a node sees it. */
async function tagged(node: TestRegistry, name: string): Promise<string | null> {
  const response = await fetch(`${node.url}/v2/${name}`, { method: 'HEAD' });
  return response.headers.get('docker-content-digest');
}

/**
 * Holds the promise that any node answers any request: two API nodes, the release service and two sync workers, each
 * a process of its own, share nothing but a directory, and are one registry.
 */
requires(['skopeo', 'nginx'])('Separate processes over one store', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let layout: ImageLayout;
  let skopeo: Skopeo;
  let mirror: NginxMirror;
  let one: TestRegistry;
  let two: TestRegistry;
  let release: TestRegistry;
  let workers: readonly TestRegistry[];
  let store: StoreView;

  before(async () => {
    const home = held.use(await tempDir('separate')).path;
    layout = await makeImageLayout(join(home, 'image'), { layerSizesMib: [1, 4] });
    skopeo = held.use(await Skopeo.open());
    const port = await freePort();
    const { mirrors, entries } = await startMirrors(held, ['north'], port);
    [mirror] = mirrors as [NginxMirror];
    const rootDirectory = join(home, 'store');
    store = new StoreView(rootDirectory);
    const start = async (command: 'api' | 'release' | 'sync', options: { port?: number } = {}) =>
      held.use(await startRegistry({ command, rootDirectory, mirrors: entries, ...options }));
    one = await start('api', { port });
    two = await start('api');
    release = await start('release');
    workers = [await start('sync'), await start('sync')];
  });
  after(() => held.disposeAsync());

  const contentOf = (digest: string) => readFile(layoutBlobPath(layout.directory, digest));
  const promote = (tag: string, ...more: string[]) =>
    release.cli(['promote', `candidate/app:${tag}`, `app:${tag}`, '--wait-mirrors', '1', ...more]);

  it('take an upload of which each request goes to another node', async () => {
    const { layers, configs, digests } = layout;
    const blobs = [...layers.amd64, ...layers.arm64, ...Object.values(configs)].map((blob) => blob.digest);
    for (const digest of new Set(blobs)) {
      const content = await contentOf(digest);
      const half = Math.floor(content.length / 2);
      const opened = await send('POST', `${one.url}/v2/candidate/app/blobs/uploads/`, 202);
      const session = opened.headers.get('location') ?? '';
      await send('PATCH', `${two.url}${session}`, 202, { body: content.subarray(0, half) });
      await send('PUT', `${one.url}${session}?digest=${digest}`, 201, { body: content.subarray(half) });
    }
    for (const digest of [digests.amd64, digests.arm64])
      await putManifest(two, `candidate/app/manifests/${digest}`, await contentOf(digest));
    await putManifest(one, 'candidate/app/manifests/1', await contentOf(digests.multi));
    for (const { host } of [one, two]) await skopeo.pull(`${host}/candidate/app:1`);
  });

  it('promote and publish it, and send clients of either node to the mirror', async () => {
    const { stdout } = await promote('1');
    expect(stdout).to.include('1 of 1 mirrors hold entry 1 (north)');
    const [digest = ''] = redirectedLayers(layout);
    for (const { host, url } of [one, two]) {
      const isRedirected = async () =>
        (await fetch(`${url}/v2/app/blobs/${digest}`, { redirect: 'manual' })).status === 302;
      await eventually('clients are redirected', isRedirected, LEARNT_MS);
      await mirror.clearLog();
      await skopeo.pull(`${host}/app:1`);
      expect(await clientLines([mirror])).to.have.lengthOf(redirectedLayers(layout).length);
    }
  });

  it('show a tag that was moved through one node on the other soon after', async function () {
    const { amd64, arm64 } = layout.digests;
    const name = 'candidate/app/manifests/moving';
    let longestMs = 0;
    for (const [from, to, digest] of [
      [one, two, amd64],
      [one, two, arm64],
      [two, one, amd64],
    ] as const) {
      await tagged(to, name);
      await putManifest(from, name, await contentOf(digest));
      expect(await tagged(from, name)).to.equal(digest);
      const tookMs = await eventually(
        'the tag is seen',
        async () => (await tagged(to, name)) === digest,
        TAG_SEEN_MS,
      );
      longestMs = Math.max(longestMs, tookMs);
    }
    showTime(this.test, longestMs);
  });

  it('keep publishing when the active sync worker is killed, as the other takes over', async function () {
    /** The process that looks after the mirror; undefined while it changes hands. */
    const keeper = async () => {
      const holder = (await store.board('north'))?.holder.split(' ');
      return workers.find((worker) => holder?.includes(String(worker.daemon.pid)));
    };
    const lastBeatAt = async () => {
      const body = (await (await fetch(`${release.url}/api/v1/mirrors`)).json()) as Mirrors;
      return Date.parse(body.mirrors[0]?.lastBeatAt ?? '');
    };
    const killed = await keeper();
    expect(killed, 'the sync worker at work').to.not.equal(undefined);
    const survivor = workers.find((worker) => worker !== killed);
    await killed?.stop('SIGKILL');
    const killedAt = Date.now();
    const isTakenOver = async () => (await keeper()) === survivor && (await lastBeatAt()) > killedAt;
    showTime(this.test, await eventually('the other worker takes over', isTakenOver, TAKEN_OVER_MS));

    await skopeo.copyAll(layout.directory, 'sbom', `${two.host}/candidate/app:sbom`);
    const { stdout } = await promote('sbom', '--attach-to', layout.digests.amd64);
    expect(stdout).to.include('1 of 1 mirrors hold entry 2 (north)');
  });
});

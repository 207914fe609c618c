/**
 * Promise: this version and the next one work side by side over one store and one Redis while nodes are replaced one
 * after the other, as long as the next one only adds to what is kept (docs/decisions/0010-rolling-upgrades.md).
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { filesBelow } from '../protocol/on-disk.ts';
import { MEDIA_TYPES, newBytes, pushBlob, pushImage, putManifest } from '../protocol/pushing.ts';
import { send, sha256 } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const NEXT = `--import=${pathToFileURL(join(import.meta.dirname, 'next-version.ts')).href}`;
const LARGE_BYTES = 100_000;

requires(['redis-server', 'redis-cli'])('this version and the next one over one store', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  /** Everything in one process, of this version. */
  let here: TestRegistry;
  /** The same of the next version. */
  let next: TestRegistry;
  before(async () => {
    const home = held.use(await tempDir('rolling'));
    const mirrored = join(home.path, 'mirror');
    await mkdir(mirrored);
    const mirror = held.use(await startStaticMirror(mirrored));
    const redis = held.use(await startRedis());
    const start = async (env: Readonly<Record<string, string>>) =>
      held.use(
        await startRegistry({
          ...{ rootDirectory: join(home.path, 'store'), delete: true, env },
          mirrors: [{ name: 'near', url: mirror.url, sameoperator: true, write: { directory: mirrored } }],
          config: (config) => ({
            ...config,
            redis: { addr: redis.address },
            notifications: {
              endpoints: [{ name: 'nobody', url: `http://127.0.0.1:${nobody}/`, timeout: '1s' }],
            },
          }),
        }),
      );
    const nobody = await freePort();
    here = await start({});
    next = await start({ NODE_OPTIONS: NEXT });
  });
  after(() => held.disposeAsync());

  const bothWays = (
    what: string,
    act: (writes: TestRegistry, reads: TestRegistry, name: string) => Promise<void>,
  ) => {
    it(`${what}, from here to the next`, () => act(here, next, 'older'));
    it(`${what}, from the next to here`, () => act(next, here, 'newer'));
  };

  bothWays('images are promoted, published and redirected to the mirror', async (writes, reads, name) => {
    const image = await pushImage(writes.url, `candidate/${name}`, '1', [newBytes(LARGE_BYTES)]);
    await writes.cli(['promote', `candidate/${name}:1`, `${name}:1`, '--wait-mirrors', '1']);
    const pulled = await send(reads.url, `/v2/${name}/manifests/1`);
    expect([pulled.status, sha256(pulled.body)]).to.deep.equal([200, image.digest]);
    const path = `/v2/${name}/blobs/${image.layers[0]?.digest}`;
    await eventually('the node redirects', async () => (await send(reads.url, path)).status === 302);
  });

  bothWays('uploads go on', async (writes, reads, name) => {
    const [first, second] = [newBytes(), newBytes()];
    const begun = await send(writes.url, `/v2/candidate/${name}/blobs/uploads/`, { method: 'POST' });
    const target = begun.headers.location ?? '';
    expect((await send(writes.url, target, { method: 'PATCH', body: first })).status).to.equal(202);
    const digest = sha256(Buffer.concat([first, second]));
    const closed = await send(reads.url, `${target}?digest=${digest}`, { method: 'PUT', body: second });
    expect(closed.status, closed.body.toString()).to.equal(201);
  });

  bothWays('tags move, also on condition, and the other sees it', async (writes, reads, name) => {
    const repository = `candidate/${name}-moving`;
    const [one, two] = [
      await pushImage(writes.url, repository, 'a'),
      await pushImage(writes.url, repository, 'b'),
    ];
    const seen = async () => sha256((await send(reads.url, `/v2/${repository}/manifests/moving`)).body);
    await putManifest(writes.url, repository, 'moving', one.bytes, MEDIA_TYPES.image);
    await eventually('the first is seen', async () => (await seen()) === one.digest);
    for (const [node, image, condition] of [
      [writes, two, one],
      [reads, one, two],
    ] as const) {
      const moved = await send(node.url, `/v2/${repository}/manifests/moving`, {
        method: 'PUT',
        headers: { 'content-type': MEDIA_TYPES.image, 'if-match': `"${condition.digest}"` },
        body: image.bytes,
      });
      expect(moved.status, moved.body.toString()).to.equal(201);
    }
    await eventually('the last is seen', async () => (await seen()) === one.digest);
  });

  bothWays('referrers are listed', async (writes, reads, name) => {
    const repository = `candidate/${name}`;
    const subject = await pushImage(writes.url, repository, 'signed');
    const config = await pushBlob(writes.url, repository, Buffer.from('{}'));
    const bytes = Buffer.from(
      `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.image}","artifactType":"application/x","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"${config.digest}","size":2},"layers":[],"subject":{"mediaType":"${MEDIA_TYPES.image}","digest":"${subject.digest}","size":${subject.size}}}`,
    );
    expect(
      (await putManifest(writes.url, repository, sha256(bytes), bytes, MEDIA_TYPES.image)).status,
    ).to.equal(201);
    const listed = await send(reads.url, `/v2/${repository}/referrers/${subject.digest}`);
    expect(listed.body.toString()).to.include(sha256(bytes));
  });

  bothWays('writes are switched off and on for both', async (writes, reads, name) => {
    const begin = async ({ url }: TestRegistry) =>
      (await send(url, `/v2/candidate/${name}/blobs/uploads/`, { method: 'POST' })).status;
    await writes.offline(['read-only', 'on']);
    for (const node of [writes, reads])
      await eventually('writes are refused', async () => (await begin(node)) === 503);
    await writes.offline(['read-only', 'off']);
    for (const node of [writes, reads])
      await eventually('writes are taken', async () => (await begin(node)) === 202);
  });

  it('a mirror is taken over by the next one, and back', async () => {
    for (const [leaves, stays, name] of [
      [here, next, 'taken'],
      [next, here, 'given-back'],
      [here, next, 'taken-again'],
    ] as const) {
      await leaves.stop();
      await pushImage(stays.url, `candidate/${name}`, '1', [newBytes(LARGE_BYTES)]);
      await stays.cli(['promote', `candidate/${name}:1`, `${name}:1`, '--wait-mirrors', '1']);
      await leaves.start();
    }
  });

  it('the next one has written what this one does not know, and all of it is sound', async () => {
    const kinds = new Set<string>();
    for (const file of await filesBelow(here.rootDirectory)) {
      // Two registries run: what they wrote a moment ago may have its name by now, or be replaced.
      const whole = await readFile(join(here.rootDirectory, file), 'utf8').catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
        throw error;
      });
      const text = whole.slice(0, 100_000);
      if (text.includes('fromTheNextVersion')) kinds.add(file.replaceAll(/[0-9a-f-]{12,}|\d+/g, '*'));
    }
    for (const kind of ['publications', 'mirrors', 'notifications', 'referrers'])
      expect(
        [...kinds].some((file) => file.includes(kind)),
        `${kind} of ${[...kinds].join(', ')}`,
      ).to.equal(true);
    const checked = await here.offline(['check', '--deep']);
    expect(checked.code, checked.stdout).to.equal(0);
    for (const node of [here, next])
      expect(
        node.log().filter(({ level }) => level === 'error'),
        node.url,
      ).to.deep.equal([]);
  });
});

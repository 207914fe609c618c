import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { pushBlobAs } from '../compat/sha512.ts';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { blobPath } from '../protocol/on-disk.ts';
import { pushBlob, pushImage, pushManifest, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256, sha512 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { Content, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../support/image.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from '../support/registry.ts';
import type { DefineSuite } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const LARGE_BYTES = 100_000;

/** How a version is started. */
export type Version = Pick<RegistryOptions, 'env' | 'program'>;

/** Two registries over one store, each with everything in one process. */
export interface Pair {
  /** Of this version. */
  readonly here: TestRegistry;
  /** Of the other version. */
  readonly other: TestRegistry;
}

/**
 * Defines what two versions promise that work over one store and one Redis while nodes are replaced one after the other
 * (docs/decisions/0010-rolling-upgrades.md). `open` makes the other version ready; `more` defines further tests.
 */
export function describeSideBySide(
  describeIt: DefineSuite,
  title: string,
  open: (held: AsyncDisposableStack) => Promise<Version> | Version,
  more: (pair: () => Pair) => void,
): void {
  describeIt(title, function () {
    this.timeout(60_000);
    const held = new AsyncDisposableStack();
    let here: TestRegistry;
    let other: TestRegistry;
    before(async () => {
      const home = held.use(await tempDir('rolling'));
      const mirrored = join(home.path, 'mirror');
      await mkdir(mirrored);
      const mirror = held.use(await startStaticMirror(mirrored));
      const redis = held.use(await startRedis());
      const nobody = await freePort();
      const start = async (version: Version) =>
        held.use(
          await startRegistry({
            ...{ rootDirectory: join(home.path, 'store'), delete: true, ...version },
            mirrors: [{ name: 'near', url: mirror.url, sameoperator: true, write: { directory: mirrored } }],
            config: (config) => ({
              ...config,
              redis: { addr: redis.address },
              audit: { enabled: true },
              garbagecollection: { enabled: true, interval: '1s', grace: '1s', quarantine: '1s' },
              notifications: {
                endpoints: [{ name: 'nobody', url: `http://127.0.0.1:${nobody}/`, timeout: '1s' }],
              },
            }),
          }),
        );
      here = await start({});
      other = await start(await open(held));
    });
    after(() => held.disposeAsync());

    const bothWays = (
      what: string,
      act: (writes: TestRegistry, reads: TestRegistry, name: string) => Promise<void>,
    ) => {
      it(`${what}, from this one to the other`, () => act(here, other, 'older'));
      it(`${what}, from the other to this one`, () => act(other, here, 'newer'));
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
      await pushBlob(writes.url, repository, EMPTY_CONFIG.bytes);
      const referrer = new Image({
        ...{ artifactType: 'application/x', config: EMPTY_CONFIG, layers: [], subject },
      });
      await pushManifest(writes.url, repository, referrer);
      const listed = await send(reads.url, `/v2/${repository}/referrers/${subject.digest}`);
      expect(listed.body.toString()).to.include(referrer.digest);
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

    it('a mirror is taken over by the other one, and back', async () => {
      for (const [leaves, stays, name] of [
        [here, other, 'taken'],
        [other, here, 'given-back'],
        [here, other, 'taken-again'],
      ] as const) {
        await leaves.stop();
        await pushImage(stays.url, `candidate/${name}`, '1', [newBytes(LARGE_BYTES)]);
        await stays.cli(['promote', `candidate/${name}:1`, `${name}:1`, '--wait-mirrors', '1']);
        await leaves.start();
      }
    });

    more(() => ({ here, other }));

    bothWays('content pushed by SHA-512 is pulled by it', async (writes, reads, name) => {
      const repository = `candidate/${name}-sha512`;
      const config = Buffer.from('{}');
      expect((await pushBlobAs(writes.url, repository, config, sha512(config))).status).to.equal(201);
      const { bytes: manifest } = new Image({
        config: new Content(config, MEDIA_TYPES.config, 'sha512'),
        layers: [],
      });
      const put = await putManifest(writes.url, repository, sha512(manifest), manifest, MEDIA_TYPES.image);
      expect(put.status, put.body.toString()).to.equal(201);
      for (const path of [`manifests/${sha512(manifest)}`, `manifests/${sha256(manifest)}`])
        expect((await send(reads.url, `/v2/${repository}/${path}`)).body.equals(manifest), path).to.equal(
          true,
        );
      const blob = await send(reads.url, `/v2/${repository}/blobs/${sha512(config)}`);
      expect(blob.body.equals(config)).to.equal(true);
    });

    it('garbage is collected by the one that stays, whichever collected before', async function () {
      // The one that left may have held the lease: it ends by its time.
      this.timeout(120_000);
      for (const leaves of [here, other]) {
        const { layers, digest } = await pushImage(leaves.url, 'candidate/garbage', 'doomed');
        const layer = join(leaves.rootDirectory, blobPath(layers[0]?.digest ?? ''));
        await send(leaves.url, `/v2/candidate/garbage/manifests/${digest}`, { method: 'DELETE' });
        await leaves.stop();
        await eventually('the layer is deleted', () => !existsSync(layer), 40_000);
        await leaves.start();
      }
    });

    it('both have recorded what they changed in one chain', async () => {
      for (const node of [here, other]) {
        const { code, stdout } = await node.offline(['audit', '--verify']);
        expect(code, stdout).to.equal(0);
      }
    });

    it('all that both have written is sound, and neither has met an error', async () => {
      const checked = await here.offline(['check', '--deep']);
      expect(checked.code, checked.stdout).to.equal(0);
      for (const node of [here, other])
        expect(
          node.log().filter(({ level }) => level === 'error'),
          node.url,
        ).to.deep.equal([]);
    });
  });
}

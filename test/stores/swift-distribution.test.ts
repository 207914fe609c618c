/**
 * Promise: docker-registry 2.8 and the Swift driver share a container: each serves what the other wrote, large blobs
 * too, and neither loses a segment that the other's objects need.
 */

import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { parseSha256 } from '../../services/registry/oci/digest.ts';
import { parseManifest } from '../../services/registry/oci/manifest.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { blobDataKey, tagCurrentKey } from '../../services/registry/storage/layout.ts';
import type { SwiftStore } from '../../services/stores/swift/swift-store.ts';
import { pushImage } from '../protocol/pushing.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { closeUpload, putManifest } from '../support/library-pushes.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { freePort, isListening } from '../support/ports.ts';
import { run, startDaemon } from '../support/process.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, type Swift, startSwift } from '../support/swift.ts';
import { tempDir } from '../support/temp.ts';
import { type RawSwift, rawSwift } from './swift-raw.ts';
import { openSwiftStore } from './swift-world.ts';

const MIB = 1024 * 1024;

nightly(requires([...SWIFT_PROGRAMS, 'docker-registry']))(
  'docker-registry and the Swift driver',
  function () {
    this.timeout(120_000);
    let swift: Swift;
    before(async () => {
      swift = await startSwift();
    });
    after(() => swift[Symbol.asyncDispose]());

    for (const prefix of ['', 'registries/one', '/slashes//'])
      describe(`in one container, with the prefix "${prefix}"`, () => {
        let held: AsyncDisposableStack;
        let raw: RawSwift;
        let store: SwiftStore;
        let url: string;
        let collectGarbage: () => Promise<unknown>;
        beforeEach(async () => {
          await using cleanUp = new AsyncDisposableStack();
          const container = `test-${randomUUID()}`;
          const home = cleanUp.use(await tempDir('swift-distribution'));
          const port = await freePort();
          const configPath = join(home.path, 'config.yml');
          const storage = {
            swift: {
              authurl: swift.authUrl,
              username: swift.user,
              password: swift.key,
              container,
              chunksize: MIB,
              ...(prefix && { prefix }),
            },
            delete: { enabled: true },
            redirect: { disable: true },
          };
          // JSON is YAML.
          await writeFile(
            configPath,
            JSON.stringify({ version: 0.1, storage, http: { addr: `127.0.0.1:${port}`, secret: 'any' } }),
          );
          cleanUp.use(
            await startDaemon('docker-registry', ['serve', configPath], { ready: () => isListening(port) }),
          );
          collectGarbage = () => run('docker-registry', ['garbage-collect', '-m', configPath]);
          url = `http://127.0.0.1:${port}`;
          store = cleanUp.use(
            await openSwiftStore(swift, { container, prefix, chunkSizeBytes: MIB, leftoverAgeMs: 2000 }),
          );
          raw = await rawSwift(swift, container);
          held = cleanUp.move();
        });
        afterEach(() => held.disposeAsync());

        it('what docker-registry wrote is read here, in ranges too, and composed of, and outlives its deletion', async () => {
          const layer = randomBytes(3 * MIB + 17);
          const image = await pushImage(url, 'some/image', 'latest', [layer]);
          const [pushed] = image.layers;
          const key = blobDataKey(parseSha256(pushed?.digest ?? ''));
          expect((await store.read(key, 10 * MIB))?.equals(layer)).to.equal(true);
          expect((await store.stat(key))?.sizeBytes).to.equal(layer.length);
          const got = await store.get(key, { first: MIB - 3, last: 2 * MIB + 3 });
          const chunks: Buffer[] = [];
          for await (const chunk of got?.body ?? []) chunks.push(chunk as Buffer);
          expect(Buffer.concat(chunks).equals(layer.subarray(MIB - 3, 2 * MIB + 4))).to.equal(true);
          const tag = tagCurrentKey(parseRepositoryName('some/image'), parseTag('latest'));
          expect((await store.read(tag, 100))?.toString()).to.equal(image.digest);
          const dynamicSegments = async () =>
            (await raw.names()).filter((name) => /segments\/[0-9a-f]{3}\/[0-9a-f]{37,}\/\d{16}$/.test(name));
          expect(await dynamicSegments(), 'four of the layer, one of the config').to.have.length(5);

          await sleep(3500);
          expect(await store.removeLeftovers(new Date()), 'all of its segments are in use').to.equal(0);
          expect((await store.read(key, 10 * MIB))?.equals(layer)).to.equal(true);
          await store.compose([key], 'roadstead/copy');
          await store.delete([key]);
          await store.removeLeftovers(new Date());
          expect(await dynamicSegments(), 'the config is still in use').to.have.length(1);
          expect((await store.read('roadstead/copy', 10 * MIB))?.equals(layer)).to.equal(true);
        });

        it('what was pushed here is served by docker-registry, and what its garbage collection leaves is reclaimed here', async () => {
          const content = contentOf(store);
          const { uploads, tags } = content;
          const name = parseRepositoryName('our/image');
          const push = async (bytes: Buffer, mediaType: string) => {
            const blob = new Content(bytes, mediaType);
            const id = await uploads.begin(name);
            const half = Math.floor(bytes.length / 2);
            // Two requests, as a client in pieces makes: the blob is composed of both.
            for (const [first, part] of [
              [0, bytes.subarray(0, half)],
              [half, bytes.subarray(half)],
            ] as const) {
              const range = { first, last: first + part.length - 1 };
              await uploads.append({ name, id }, { stream: chunksOf(part), sizeBytes: part.length, range });
            }
            const nothing = { stream: chunksOf(Buffer.alloc(0)), sizeBytes: 0, range: undefined };
            await closeUpload(content, { name, id }, parseSha256(blob.digest), nothing);
            return blob;
          };
          const pushTag = async (tag: string, layer: Buffer) => {
            const layers = [await push(layer, MEDIA_TYPES.layer)];
            const config = await push(randomBytes(200), MEDIA_TYPES.config);
            const image = new Image({ config, layers });
            const manifest = parseManifest(image.bytes, MEDIA_TYPES.image);
            await putManifest(content, name, manifest);
            const digest = parseSha256(manifest.digest);
            await tags.move(name, parseTag(tag), { canonicalDigest: digest, digest }, OPEN_FENCE);
            return image;
          };
          const keptLayer = randomBytes(2 * MIB);
          const kept = await pushTag('kept', keptLayer);
          const layer = randomBytes(5 * MIB + 3);
          const image = await pushTag('latest', layer);

          const served = await fetch(`${url}/v2/our/image/manifests/latest`, {
            headers: { accept: MEDIA_TYPES.image },
          });
          expect(await served.json()).to.deep.equal(image);
          const blob = `${url}/v2/our/image/blobs/${image.layers[0]?.digest}`;
          const whole = await fetch(blob);
          expect(Buffer.from(await whole.arrayBuffer()).equals(layer)).to.equal(true);
          const part = await fetch(blob, { headers: { range: 'bytes=1048570-2097160' } });
          expect(Buffer.from(await part.arrayBuffer()).equals(layer.subarray(1048570, 2097161))).to.equal(
            true,
          );

          await tags.delete(name, [parseTag('latest')], OPEN_FENCE);
          await collectGarbage();
          const gone = blobDataKey(parseSha256(image.layers[0]?.digest ?? ''));
          expect(await store.stat(gone)).to.equal(undefined);
          await sleep(3500);
          // Six of the layer, and as many more as its parts were made of.
          expect(await store.removeLeftovers(new Date())).to.be.at.least(6);
          const stays = await store.read(blobDataKey(parseSha256(kept.layers[0]?.digest ?? '')), 10 * MIB);
          expect(stays?.equals(keptLayer)).to.equal(true);
          expect((await raw.names()).filter((each) => each.includes('segments/'))).to.have.length(2);
        });
      });
  },
);

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
}

/**
 * Promise: BuildKit's registry cache, an index that lists layers, is taken and kept as docker-registry takes and keeps it,
 * and goes through a promotion whole. What an index says is a manifest has to be one.
 */
import { expect } from 'chai';
import { planGarbage } from '../../services/registry/garbage/offline/plan.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { check, faults } from '../check/stores.ts';
import { cacheIndex, pushBuildCache } from '../protocol/build-cache.ts';
import { pushBlob, pushImage, pushManifest, putManifest } from '../protocol/pushing.ts';
import { expectError, jsonOf, send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { Content, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { askCollector } from './collector.ts';
import { askForManifest } from './pulling.ts';
import { pushBlobAs } from './sha512.ts';

const NAME = 'candidate/cache';

// Distribution 3.1.1 refuses such an index.
requires(['docker-registry'])('build caches', () => {
  const held = new AsyncDisposableStack();
  let ours: TestRegistry;
  let theirs: Distribution;
  before(async () => {
    ours = held.use(await startRegistry({ delete: true }));
    theirs = held.use(await startDistribution('docker-registry', ours.rootDirectory));
  });
  after(() => held.disposeAsync());

  it('are accepted and served by both, whichever wrote them', async () => {
    for (const [tag, writer] of [
      ['1', ours],
      ['2', theirs],
    ] as const) {
      const cache = await pushBuildCache(writer.url, NAME, tag);
      for (const { url } of [ours, theirs]) {
        expect((await askForManifest(url, NAME, tag)).body.equals(cache.bytes)).to.equal(true);
        for (const { digest, size } of cache.blobs) {
          const blob = await send(url, `/v2/${NAME}/blobs/${digest}`);
          expect([blob.status, blob.body.length]).to.deep.equal([200, size]);
        }
      }
    }
  });

  it('are sound, and garbage to nobody: all that they list is in use', async () => {
    const old = await pushBuildCache(ours.url, NAME, 'kept');
    const kept = await pushBuildCache(theirs.url, NAME, 'kept');
    const findings = await check(ours.rootDirectory, { deep: true });
    expect(faults(findings)).to.deep.equal([]);
    expect(findings.map(({ kind }) => kind)).not.to.include('blobs-unreferenced');
    for (const deleteUntagged of [false, true]) {
      const doomed = await doomedBlobs(ours.rootDirectory, deleteUntagged);
      for (const { digest } of [kept, ...kept.blobs]) expect(doomed.has(digest), digest).to.equal(false);
      for (const { digest } of [old, ...old.blobs])
        expect(doomed.has(digest), digest).to.equal(deleteUntagged);
    }
    const { blobs } = await askCollector(theirs);
    for (const { digest } of kept.blobs) expect(blobs.has(digest), digest).to.equal(false);
  });

  it('are promoted whole: every layer and the configuration are there, and published', async () => {
    const cache = await pushBuildCache(ours.url, NAME, 'promoted');
    const { lines } = await promote(ours.url, `${NAME}:promoted`, 'cache:1');
    expect(lines[0]).to.deep.include({ manifests: 1, blobs: 3, newBlobs: 3 });
    expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
    for (const { digest } of cache.blobs) {
      expect((await send(ours.url, `/v2/cache/blobs/${digest}`)).status).to.equal(200);
      const told = jsonOf(await send(ours.url, `/api/v1/explain?repository=cache&digest=${digest}`));
      expect((told as { publication: number | null }).publication).to.be.a('number');
    }
    const again = await promote(ours.url, `${NAME}:promoted`, 'cache:1');
    expect(again.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'already-there' });
  });

  it('are refused by both when a layer is missing, and are not promoted', async () => {
    const there = await pushBlob(ours.url, NAME, newBytes());
    const missing = new Content(newBytes());
    const { bytes } = cacheIndex([there, missing]);
    const refusedThere = await putManifest(theirs.url, NAME, 'bad', bytes, MEDIA_TYPES.index);
    expect(refusedThere.status).to.equal(400);
    expect(refusedThere.body.toString()).to.include('MANIFEST_BLOB_UNKNOWN').and.to.include(missing.digest);
    const refusedHere = await putManifest(ours.url, NAME, 'bad', bytes, MEDIA_TYPES.index);
    const { detail } = expectError(refusedHere, 400, 'MANIFEST_BLOB_UNKNOWN');
    expect(detail).to.deep.equal({ digests: [missing.digest] });

    const cache = await pushBuildCache(ours.url, NAME, 'torn');
    const [layer] = cache.blobs;
    const gone = await send(ours.url, `/v2/${NAME}/blobs/${layer?.digest}`, { method: 'DELETE' });
    expect(gone.status).to.equal(202);
    const refused = await promote(ours.url, `${NAME}:torn`, 'cache:torn');
    expect(JSON.stringify(jsonOf(refused))).to.include(layer?.digest);
    const findings = faults(await check(ours.rootDirectory));
    expect(findings.map(({ kind, message }) => [kind, message.includes(layer?.digest ?? '')])).to.deep.equal([
      ['child-missing', true],
    ]);
  });

  it("are kept from docker-registry's collector when they name a layer by SHA-512", async () => {
    const bytes = newBytes();
    const named = new Content(bytes, MEDIA_TYPES.layer, 'sha512');
    expect((await pushBlobAs(ours.url, NAME, bytes, named.digest)).status).to.equal(201);
    await pushManifest(ours.url, NAME, cacheIndex([named]), 'sha512');
    const { blobs } = await askCollector(theirs);
    expect(blobs.has(sha256(bytes))).to.equal(false);
  });

  it('do not loosen what a manifest is: one that is here as a blob only is refused, with the way out', async () => {
    const image = await pushImage(ours.url, 'candidate/image', '1');
    await pushBlob(ours.url, NAME, image.bytes);
    const { digest } = image;
    const { bytes } = cacheIndex([image]);
    const answer = await putManifest(ours.url, NAME, 'blob', bytes, MEDIA_TYPES.index);
    const { message, detail } = expectError(answer, 400, 'MANIFEST_BLOB_UNKNOWN');
    expect(detail).to.deep.equal({ digests: [digest] });
    expect(message).to.include(digest).and.to.include('only as a blob').and.to.include('PUT /v2/');
  });
});

/** What a collection would delete, whatever its age. */
async function doomedBlobs(
  rootDirectory: string,
  deleteUntagged: boolean,
): Promise<{ has(digest: string): boolean }> {
  await using objects = await FilesystemStore.open({ rootDirectory, sync: false });
  const youngerThan = new Date(Date.now() + 60_000);
  const { blobs } = await planGarbage(objects, { deleteUntagged, youngerThan });
  return new Set([...blobs.toDelete.entries()].map(([digest]) => digest));
}

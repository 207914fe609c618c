/**
 * Promise: bytes that are damaged in the store are not passed on as what they were, wherever they are asked for and
 * whatever is in memory, and a push of the same content mends them.
 */
import { readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { blobPath } from './on-disk.ts';
import { pushBlob, pushImage, putManifest } from './pushing.ts';
import { expectError, send } from './wire.ts';

const NAME = 'candidate/app';

describe('content that is damaged in the store', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry();
  });
  after(() => registry[Symbol.asyncDispose]());

  const fileOf = (digest: string) => join(registry.rootDirectory, blobPath(digest));
  const blob = (digest: string, name = NAME) => `/v2/${name}/blobs/${digest}`;
  const get = (target: string, method = 'GET') => send(registry.url, target, { method });
  const damages = () => registry.log().filter(({ actual }) => actual !== undefined);

  /** Writes other bytes of the same size over stored ones, as a bad disk would. */
  const damage = (bytes: Buffer) => writeFile(fileOf(sha256(bytes)), newBytes(bytes.length));

  /** What a client does that pushes: it asks first. */
  async function pushAsClientsDo(bytes: Buffer): Promise<'skipped' | 'uploaded'> {
    if ((await get(blob(sha256(bytes)), 'HEAD')).status === 200) return 'skipped';
    await pushBlob(registry.url, NAME, bytes);
    return 'uploaded';
  }

  async function expectServed(target: string, bytes: Buffer): Promise<void> {
    const answer = await get(target);
    expect(answer.status, answer.body.toString('latin1').slice(0, 200)).to.equal(200);
    expect(answer.body.equals(bytes)).to.equal(true);
    expect((await get(target, 'HEAD')).headers['content-length']).to.equal(String(bytes.length));
  }

  async function expectUnknown(target: string): Promise<void> {
    const answer = await get(target);
    expectError(answer, 404, 'BLOB_UNKNOWN');
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect((await get(target, 'HEAD')).status).to.equal(404);
  }

  it('is unknown when it is a small blob, and is logged once with what to do, and counted', async () => {
    const bytes = newBytes(20_000);
    const { digest } = await pushBlob(registry.url, NAME, bytes);
    await damage(bytes);
    await expectUnknown(blob(digest));
    await expectUnknown(blob(digest));
    const last = (await get(blob(digest))).headers['x-request-id'];
    await eventually('all is logged', () => registry.log().some((line) => line['requestId'] === last));
    const lines = damages().filter((line) => line['digest'] === digest);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ level: 'error', key: blobPath(digest), sizeBytes: 20_000 });
    expect(lines[0]?.['msg']).to.contain('push the content again');
    const metrics = await (await fetch(`${registry.debugUrl}/metrics`)).text();
    expect(Number(/^roadstead_damaged_blobs_total (\d+)$/m.exec(metrics)?.[1])).to.be.at.least(1);
  });

  it('is served from the moment that somebody mends the file', async () => {
    const bytes = newBytes(20_000);
    const { digest } = await pushBlob(registry.url, NAME, bytes);
    await damage(bytes);
    await expectUnknown(blob(digest));
    await writeFile(fileOf(digest), bytes);
    await expectServed(blob(digest), bytes);
  });

  it('is served from memory where it was verified before, and asked for by those who push', async () => {
    const bytes = newBytes(20_000);
    const { digest } = await pushBlob(registry.url, NAME, bytes);
    await expectServed(blob(digest), bytes);
    await damage(bytes);
    expect((await get(blob(digest))).body.equals(bytes)).to.equal(true);
    expect(await pushAsClientsDo(bytes)).to.equal('uploaded');
    expect((await readFile(fileOf(digest))).equals(bytes)).to.equal(true);
  });

  it('is an error that names nothing of it where a large blob that was known is gone', async () => {
    const bytes = newBytes(300_000);
    const { digest } = await pushBlob(registry.url, NAME, bytes);
    await expectServed(blob(digest), bytes);
    await unlink(fileOf(digest));
    const answer = await send(registry.url, blob(digest), { headers: { range: 'bytes=0-9' } });
    expectError(answer, 500, 'UNKNOWN');
    expect(answer.headers).not.to.include.any.keys([
      ...['etag', 'accept-ranges', 'content-range', 'docker-content-digest'],
    ]);
  });

  for (const [what, sizeBytes, keptBytes] of [
    ['other bytes', 20_000, undefined],
    ['no bytes', 20_000, 0],
    ['a large blob without its end, of which little is left', 300_000, 100],
    ['a large blob without any bytes', 300_000, 0],
  ] as const)
    it(`is mended by a push: ${what}`, async () => {
      const bytes = newBytes(sizeBytes);
      const { digest } = await pushBlob(registry.url, NAME, bytes);
      if (keptBytes === undefined) await damage(bytes);
      else await truncate(fileOf(digest), keptBytes);
      await expectUnknown(blob(digest));
      expect(await pushAsClientsDo(bytes)).to.equal('uploaded');
      await expectServed(blob(digest), bytes);
      expect(await pushAsClientsDo(bytes)).to.equal('skipped');
    });

  it('is mended by an upload that asks nothing first', async () => {
    const bytes = newBytes(20_000);
    const { digest } = await pushBlob(registry.url, NAME, bytes);
    await damage(bytes);
    await pushBlob(registry.url, NAME, bytes);
    await expectServed(blob(digest), bytes);
  });

  it('is mounted nowhere', async () => {
    const bytes = newBytes(20_000);
    const { digest } = await pushBlob(registry.url, NAME, bytes);
    await damage(bytes);
    const mount = `/v2/candidate/other/blobs/uploads/?mount=${digest}`;
    expect((await get(`${mount}&from=${NAME}`, 'POST')).status).to.equal(202);
    expect((await get(mount, 'POST')).status).to.equal(202);
  });

  it('refuses the manifest of a large blob whose end is missing, and the push after that mends it', async () => {
    const layer = newBytes(300_000);
    const image = await pushImage(registry.url, NAME, 'cut', [layer]);
    await truncate(fileOf(sha256(layer)), 200_000);
    // Cached with the wrong size, too.
    await get(blob(sha256(layer)));
    const put = () => putManifest(registry.url, NAME, 'cut', image.bytes, MEDIA_TYPES.image);
    const error = expectError(await put(), 400, 'SIZE_INVALID');
    expect(error.message).to.contain('300000').and.contain('200000').and.contain('push again');
    expect(await pushAsClientsDo(layer)).to.equal('uploaded');
    expect((await put()).status).to.equal(201);
    await expectServed(blob(sha256(layer)), layer);
    expect(await pushAsClientsDo(layer)).to.equal('skipped');
  });

  it('is not what a manifest with a wrong size names: one upload settles that', async () => {
    const [config, layer] = [newBytes(100), newBytes(300_000)];
    const descriptor = await pushBlob(registry.url, NAME, layer);
    const { bytes } = new Image({
      config: await pushBlob(registry.url, NAME, config, MEDIA_TYPES.config),
      layers: [{ ...descriptor, size: 7 }],
    });
    const put = () => putManifest(registry.url, NAME, 'wrong', bytes, MEDIA_TYPES.image);
    expectError(await put(), 400, 'SIZE_INVALID');
    expect(await pushAsClientsDo(layer)).to.equal('uploaded');
    expect(await pushAsClientsDo(layer)).to.equal('skipped');
    expectError(await put(), 400, 'SIZE_INVALID');
  });

  it('is unknown when it is a manifest, and is mended by a push', async () => {
    const image = await pushImage(registry.url, NAME, 'manifest');
    // Still JSON that could be taken for a manifest.
    await writeFile(fileOf(image.digest), image.bytes.toString().replace('"size":100', '"size":101'));
    for (const reference of ['manifest', image.digest])
      expectError(await get(`/v2/${NAME}/manifests/${reference}`), 404, 'MANIFEST_UNKNOWN');
    const last = await get(`/v2/${NAME}/manifests/${image.digest}`, 'HEAD');
    expect(last.status).to.equal(404);
    const id = last.headers['x-request-id'];
    await eventually('all is logged', () => registry.log().some((line) => line['requestId'] === id));
    expect(damages().filter((line) => line['digest'] === image.digest)).to.have.length(1);
    const put = await putManifest(registry.url, NAME, 'manifest', image.bytes, MEDIA_TYPES.image);
    expect(put.status).to.equal(201);
    expect((await get(`/v2/${NAME}/manifests/manifest`)).body.equals(image.bytes)).to.equal(true);
  });

  it('is listed by no index, and promoted by nobody', async () => {
    const image = await pushImage(registry.url, NAME, 'child');
    const index = manifestOf(MEDIA_TYPES.index, { manifests: [image] });
    await writeFile(fileOf(image.config.digest), newBytes(100));
    const promoted = await promote(registry.url, `${NAME}:child`, 'app:child');
    expectError(promoted, 409, 'MANIFEST_BLOB_UNKNOWN');
    await writeFile(fileOf(image.digest), newBytes(image.bytes.length));
    const put = await putManifest(registry.url, NAME, 'index', index.bytes, MEDIA_TYPES.index);
    expectError(put, 400, 'MANIFEST_BLOB_UNKNOWN');
  });

  it('is unknown in a stable repository and on the origin path', async () => {
    const image = await pushImage(registry.url, NAME, 'stable');
    const promoted = await promote(registry.url, `${NAME}:stable`, 'app:stable');
    expect(promoted.lines.at(-1)?.event).to.equal('done');
    const { digest } = image.config;
    await writeFile(fileOf(digest), newBytes(100));
    await expectUnknown(blob(digest, 'app'));
    const origin = `/origin/docker/registry/v2/blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}/data`;
    expectError(await get(origin), 404, 'BLOB_UNKNOWN');
  });

  it('can be deleted', async () => {
    await using other = await startRegistry({ promotion: false, delete: true });
    const bytes = newBytes(20_000);
    const { digest } = await pushBlob(other.url, 'app', bytes);
    await writeFile(join(other.rootDirectory, blobPath(digest)), newBytes(20_000));
    const deleted = await send(other.url, `/v2/app/blobs/${digest}`, { method: 'DELETE' });
    expect(deleted.status).to.equal(202);
  });
});

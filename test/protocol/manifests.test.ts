/**
 * Promise: a manifest comes back as the very bytes that were pushed, under the very media type, by tag and by digest,
 * and is taken only when the repository has all that it names.
 */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { Content, EMPTY_CONFIG, Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob, pushImage, pushIndex, pushManifest, putManifest } from './pushing.ts';
import { type Answer, expectError, send } from './wire.ts';

describe('manifests', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  const get = (name: string, reference: string, method = 'GET', headers: Record<string, string> = {}) =>
    send(registry.url, `/v2/${name}/manifests/${reference}`, { method, headers });

  function expectManifest(answer: Answer, bytes: Buffer, mediaType: string): void {
    expect(answer.status, answer.body.toString()).to.equal(200);
    expect(answer.headers['content-type']).to.equal(mediaType);
    expect(answer.headers['docker-content-digest']).to.equal(sha256(bytes));
    expect(answer.headers.etag).to.equal(`"${sha256(bytes)}"`);
    expect(answer.headers['content-length']).to.equal(String(bytes.length));
  }

  /** A manifest of each kind, oddly formatted, with a member that the specification does not know. */
  async function manifestBytes(mediaType: string, name: string, withType = true): Promise<Buffer> {
    const content =
      mediaType === MEDIA_TYPES.index || mediaType === MEDIA_TYPES.dockerList
        ? {
            manifests: [await pushImage(registry.url, name, 'child')],
          }
        : {
            config: await pushBlob(registry.url, name, newBytes(), MEDIA_TYPES.config),
            layers: [await pushBlob(registry.url, name, newBytes())],
          };
    const json = { 'x-unknown': ['ä', 1e2], ...content, ...(withType && { mediaType }), schemaVersion: 2 };
    return Buffer.from(`\n ${JSON.stringify(json, undefined, 3)}\n`);
  }

  const types = [MEDIA_TYPES.image, MEDIA_TYPES.index, MEDIA_TYPES.dockerImage, MEDIA_TYPES.dockerList];
  for (const mediaType of types)
    it(`gives ${mediaType} back byte for byte, by tag and by digest, to GET and HEAD`, async () => {
      const bytes = await manifestBytes(mediaType, 'kinds');
      const put = await putManifest(registry.url, 'kinds', '1.0', bytes, mediaType);
      expect(put.status, put.body.toString()).to.equal(201);
      expect(put.headers['docker-content-digest']).to.equal(sha256(bytes));
      expect(put.headers.location).to.equal(`/v2/kinds/manifests/${sha256(bytes)}`);
      for (const reference of ['1.0', sha256(bytes)]) {
        const got = await get('kinds', reference);
        expectManifest(got, bytes, mediaType);
        expect(got.body.equals(bytes)).to.equal(true);
        const head = await get('kinds', reference, 'HEAD');
        expectManifest(head, bytes, mediaType);
        expect(head.body).to.have.length(0);
      }
    });

  for (const mediaType of types)
    it(`takes ${mediaType} that names its type only in Content-Type`, async () => {
      const bytes = await manifestBytes(mediaType, 'untyped', false);
      const put = await putManifest(registry.url, 'untyped', sha256(bytes), bytes, mediaType);
      expect(put.status, put.body.toString()).to.equal(201);
      const got = await get('untyped', sha256(bytes));
      expect(got.body.equals(bytes)).to.equal(true);
      // Distribution's layout has no room for the type; what it derives from the members is the OCI type.
      const isIndex = mediaType === MEDIA_TYPES.index || mediaType === MEDIA_TYPES.dockerList;
      expect(got.headers['content-type']).to.equal(isIndex ? MEDIA_TYPES.index : MEDIA_TYPES.image);
    });

  it('takes a Content-Type with parameters, or none', async () => {
    const bytes = await manifestBytes(MEDIA_TYPES.image, 'plain');
    for (const type of [`${MEDIA_TYPES.image}; charset=utf-8`, undefined])
      expect((await putManifest(registry.url, 'plain', '1', bytes, type)).status).to.equal(201);
    expectManifest(await get('plain', '1'), bytes, MEDIA_TYPES.image);
  });

  it('pushed by digest has no tag', async () => {
    const bytes = await manifestBytes(MEDIA_TYPES.image, 'untagged');
    await putManifest(registry.url, 'untagged', sha256(bytes), bytes, MEDIA_TYPES.image);
    expectManifest(await get('untagged', sha256(bytes)), bytes, MEDIA_TYPES.image);
    const tags = await send(registry.url, '/v2/untagged/tags/list');
    expect(JSON.parse(tags.body.toString())).to.deep.equal({ name: 'untagged', tags: [] });
  });

  it('moves a tag at once, and keeps what it named before under its digest', async () => {
    const first = await pushImage(registry.url, 'moving', 'latest');
    expectManifest(await get('moving', 'latest'), first.bytes, MEDIA_TYPES.image);
    const second = await pushImage(registry.url, 'moving', 'latest');
    expectManifest(await get('moving', 'latest'), second.bytes, MEDIA_TYPES.image);
    expectManifest(await get('moving', first.digest), first.bytes, MEDIA_TYPES.image);
  });

  it('answers If-None-Match of what it has with 304, and of anything else with the manifest', async () => {
    const image = await pushImage(registry.url, 'cached', '1');
    for (const method of ['GET', 'HEAD']) {
      const same = await get('cached', '1', method, { 'if-none-match': `"${image.digest}"` });
      expect(same.status).to.equal(304);
      expect(same.headers.etag).to.equal(`"${image.digest}"`);
      expect(same.body).to.have.length(0);
    }
    const other = await get('cached', '1', 'GET', { 'if-none-match': `"${sha256(newBytes())}"` });
    expectManifest(other, image.bytes, MEDIA_TYPES.image);
  });

  it('is known only to the repositories that have it', async () => {
    const image = await pushImage(registry.url, 'owner', '1');
    expectError(await get('stranger', image.digest), 404, 'NAME_UNKNOWN');
    await pushBlob(registry.url, 'stranger', newBytes());
    expectError(await get('stranger', image.digest), 404, 'MANIFEST_UNKNOWN');
    expectError(await get('owner', 'no-such-tag'), 404, 'MANIFEST_UNKNOWN');
  });

  it('may be part of an index of indexes', async () => {
    const image = await pushImage(registry.url, 'nested', 'image');
    const inner = await pushIndex(registry.url, 'nested', 'inner', [image]);
    const outer = await pushIndex(registry.url, 'nested', 'outer', [inner, image]);
    expectManifest(await get('nested', 'outer'), outer.bytes, MEDIA_TYPES.index);
  });

  it('may name a subject that is nowhere', async () => {
    await pushBlob(registry.url, 'attached', EMPTY_CONFIG.bytes);
    const subject = new Content(newBytes(), MEDIA_TYPES.image);
    await pushManifest(registry.url, 'attached', new Image({ config: EMPTY_CONFIG, layers: [], subject }));
  });

  it('may leave out layers that must not be distributed, when it says where they are', async () => {
    const config = await pushBlob(registry.url, 'foreign', newBytes(), MEDIA_TYPES.config);
    const foreign = new Content(newBytes(), 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip');
    const withUrls = { ...foreign, urls: ['https://example.org/layer'] };
    for (const [layer, status] of [
      [withUrls, 201],
      [foreign, 400],
    ] as const) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [layer] }));
      const put = await putManifest(registry.url, 'foreign', '1', bytes, MEDIA_TYPES.image);
      expect(put.status, put.body.toString()).to.equal(status);
    }
  });
});

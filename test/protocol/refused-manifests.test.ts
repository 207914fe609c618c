/**
 * Promise: a manifest that is malformed, that two readers could take for two things, that names content which the
 * repository lacks, or that is too large, is refused with the reason, and no tag moves.
 */
import { expect } from 'chai';
import { answered, rawConnection } from '../edge/raw.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { Content, type Descriptor, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob, pushImage, putManifest } from './pushing.ts';
import { expectError, inPieces, send } from './wire.ts';

const LIMIT_BYTES = 4 * 1024 * 1024;

describe('refused manifests', () => {
  let registry: TestRegistry;
  let config: Descriptor;
  let layer: Descriptor;
  before(async () => {
    registry = await startRegistry({ promotion: false });
    config = await pushBlob(registry.url, 'hello', newBytes(), MEDIA_TYPES.config);
    layer = await pushBlob(registry.url, 'hello', newBytes());
  });
  after(() => registry[Symbol.asyncDispose]());

  const image = (more: object = {}) => ({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.image,
    config,
    layers: [layer],
    ...more,
  });
  const put = (json: unknown, mediaType: string | undefined = MEDIA_TYPES.image, reference = 'bad') =>
    putManifest(registry.url, 'hello', reference, Buffer.from(JSON.stringify(json)), mediaType);

  afterEach('no tag has moved', async () => {
    const answer = await send(registry.url, '/v2/hello/manifests/bad');
    expectError(answer, 404, 'MANIFEST_UNKNOWN');
  });

  for (const [what, text] of [
    ['nothing at all', ''],
    ['no JSON', '{"schemaVersion": 2,'],
    ['JSON with something after it', '{}{}'],
    ['a list', '[]'],
    ['a string', '"manifest"'],
    ['null', 'null'],
    ['UTF-8 that is broken', '{"schemaVersion":2,"mediaType":"\xff"}'],
    ['an empty object', '{}'],
    ['lists ten thousand deep', '['.repeat(10_000)],
  ] as const)
    it(`refuses ${what}`, async () => {
      const bytes = Buffer.from(text, 'latin1');
      expectError(
        await putManifest(registry.url, 'hello', 'bad', bytes, MEDIA_TYPES.image),
        400,
        'MANIFEST_INVALID',
      );
    });

  const malformed: [string, () => unknown][] = [
    ['schema version 1', () => image({ schemaVersion: 1 })],
    ['schema version "2"', () => image({ schemaVersion: '2' })],
    ['no config', () => image({ config: undefined })],
    ['layers that are no list', () => image({ layers: layer })],
    ['a layer without a digest', () => image({ layers: [{ mediaType: MEDIA_TYPES.layer, size: 5 }] })],
    ['a layer of negative size', () => image({ layers: [{ ...layer, size: -1 }] })],
    ['a layer whose size is text', () => image({ layers: [{ ...layer, size: '5' }] })],
    [
      'a digest with a path in it',
      () => image({ layers: [{ ...layer, digest: 'sha256:../../../etc/passwd' }] }),
    ],
    ['an index among its members', () => image({ manifests: [] })],
    ['a media type that is a number', () => image({ mediaType: 2 })],
    ['a malformed subject', () => image({ subject: { digest: 'x' } })],
  ];
  for (const [what, json] of malformed)
    it(`refuses an image with ${what}`, async () => {
      expectError(await put(json()), 400, 'MANIFEST_INVALID');
    });

  it('refuses an index with layers, and one whose manifests are not manifests', async () => {
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index };
    const untyped = { ...index, mediaType: undefined };
    for (const json of [{ ...index, manifests: [], layers: [] }, { ...index, manifests: {} }, untyped])
      expectError(await put(json, MEDIA_TYPES.index), 400, 'MANIFEST_INVALID');
  });

  it('refuses a media type that is not that of the Content-Type, naming both', async () => {
    for (const type of [MEDIA_TYPES.index, MEDIA_TYPES.dockerImage, 'application/json']) {
      const { message } = expectError(await put(image(), type), 400, 'MANIFEST_INVALID');
      expect(message).to.include(type).and.to.include(MEDIA_TYPES.image);
    }
  });

  it('refuses media types that it does not know', async () => {
    const type = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    expectError(await put(image({ mediaType: type }), type), 400, 'MANIFEST_INVALID');
    expectError(await put(image({ mediaType: undefined }), 'text/plain'), 400, 'MANIFEST_INVALID');
  });

  it('lists the content that the repository lacks: blobs of an image, each once', async () => {
    const missing = [newBytes(), newBytes()].map((bytes) => new Content(bytes));
    const json = image({ layers: [layer, ...missing, ...missing] });
    const { detail } = expectError(await put(json), 400, 'MANIFEST_BLOB_UNKNOWN');
    expect(detail).to.deep.equal({ digests: missing.map(({ digest }) => digest) });
  });

  it('lists the manifests of an index that the repository lacks', async () => {
    const elsewhere = await pushImage(registry.url, 'elsewhere', '1');
    const manifests = [elsewhere].map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests };
    const { detail } = expectError(await put(index, MEDIA_TYPES.index), 400, 'MANIFEST_BLOB_UNKNOWN');
    expect(detail).to.deep.equal({ digests: [elsewhere.digest] });
  });

  it('does not take a blob of another repository for its own', async () => {
    const foreign = await pushBlob(registry.url, 'elsewhere', newBytes());
    const { detail } = expectError(await put(image({ layers: [foreign] })), 400, 'MANIFEST_BLOB_UNKNOWN');
    expect(detail).to.deep.equal({ digests: [foreign.digest] });
  });

  it('refuses a digest in the URL that is not the digest of the body', async () => {
    const other = sha256(newBytes());
    const { detail } = expectError(await put(image(), MEDIA_TYPES.image, other), 400, 'DIGEST_INVALID');
    expect(detail).to.deep.include({ given: other });
    expectError(await send(registry.url, `/v2/hello/manifests/${other}`), 404, 'MANIFEST_UNKNOWN');
  });

  const ofSize = (sizeBytes: number): Buffer => {
    const empty = JSON.stringify(image({ annotations: { x: '' } }));
    const filler = 'x'.repeat(sizeBytes - empty.length);
    return Buffer.from(JSON.stringify(image({ annotations: { x: filler } })));
  };
  const putBytes = (bytes: Buffer, reference: string, chunked: boolean) =>
    send(registry.url, `/v2/hello/manifests/${reference}`, {
      method: 'PUT',
      headers: { 'content-type': MEDIA_TYPES.image },
      body: chunked ? inPieces(bytes) : bytes,
    });

  for (const chunked of [false, true]) {
    const how = chunked ? 'in chunks' : 'with a Content-Length';
    it(`takes exactly 4 MiB sent ${how}`, async () => {
      const bytes = ofSize(LIMIT_BYTES);
      expect(bytes.length).to.equal(LIMIT_BYTES);
      expect((await putBytes(bytes, sha256(bytes), chunked)).status).to.equal(201);
      const got = await send(registry.url, `/v2/hello/manifests/${sha256(bytes)}`);
      expect(got.body.equals(bytes)).to.equal(true);
    });

    for (const sizeBytes of [LIMIT_BYTES + 1, 16 * 1024 * 1024])
      it(`answers ${sizeBytes} bytes sent ${how} with 413`, async () => {
        expectError(await putBytes(ofSize(sizeBytes), 'bad', chunked), 413, 'SIZE_INVALID');
      });
  }

  it('answers a Content-Length that is too large before any of the body has come', async () => {
    const { host, port } = new URL(registry.url);
    using connection = await rawConnection(Number(port));
    const head = [
      'PUT /v2/hello/manifests/bad HTTP/1.1',
      `host: ${host}`,
      `content-type: ${MEDIA_TYPES.image}`,
    ];
    connection.socket.write([...head, `content-length: ${LIMIT_BYTES + 1}`, '', ''].join('\r\n'));
    await answered(connection);
    expect(connection.received()).to.match(/^HTTP\/1\.1 413 /);
  });
});

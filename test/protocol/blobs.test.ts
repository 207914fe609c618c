/**
 * Promise: a blob that was pushed, in whichever of the specification's ways, comes back byte for byte with its exact
 * length and digest, in whole or in ranges; and one whose digest does not fit is never kept.
 */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob } from './pushing.ts';
import { expectError, inPieces, send } from './wire.ts';

const EMPTY = Buffer.alloc(0);

describe('blobs', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  const uploads = (name = 'hello') => `/v2/${name}/blobs/uploads/`;
  const blob = (bytes: Buffer, name = 'hello') => `/v2/${name}/blobs/${sha256(bytes)}`;

  /** Holds the registry to serve these bytes, to GET and HEAD, at this place. */
  async function expectBlob(target: string, bytes: Buffer): Promise<void> {
    for (const method of ['GET', 'HEAD']) {
      const answer = await send(registry.url, target, { method });
      expect(answer.status, method).to.equal(200);
      expect(answer.headers['content-length'], method).to.equal(String(bytes.length));
      expect(answer.headers['docker-content-digest'], method).to.equal(sha256(bytes));
      expect(answer.headers['content-type'], method).to.equal('application/octet-stream');
      expect(answer.headers['accept-ranges'], method).to.equal('bytes');
      expect(answer.body.equals(method === 'GET' ? bytes : EMPTY), method).to.equal(true);
    }
  }

  // Sizes on both sides of what a node keeps in memory (64 KiB), and of what it reads and writes at once.
  for (const sizeBytes of [0, 1, 64 * 1024, 64 * 1024 + 1, 256 * 1024, 3 * 1024 * 1024 + 7]) {
    it(`takes a blob of ${sizeBytes} bytes by POST and PUT, and gives it back at the Location of its answer`, async () => {
      const bytes = newBytes(sizeBytes);
      const begun = await send(registry.url, uploads(), { method: 'POST' });
      expect(begun.status).to.equal(202);
      expect(begun.headers.range).to.equal('0-0');
      expect(begun.headers['content-length']).to.equal('0');
      const location = begun.headers.location ?? '';
      expect(location).to.match(/^\/v2\/hello\/blobs\/uploads\/[0-9a-f-]{36}$/);
      const closed = await send(registry.url, `${location}?digest=${sha256(bytes)}`, {
        method: 'PUT',
        body: bytes,
      });
      expect(closed.status).to.equal(201);
      expect(closed.headers['docker-content-digest']).to.equal(sha256(bytes));
      await expectBlob(closed.headers.location ?? '', bytes);
      await expectBlob(blob(bytes), bytes);
      expectError(await send(registry.url, location), 404, 'BLOB_UPLOAD_UNKNOWN');
    });

    it(`takes a blob of ${sizeBytes} bytes in a single POST`, async () => {
      const bytes = newBytes(sizeBytes);
      const target = `${uploads()}?digest=${sha256(bytes)}`;
      const answer = await send(registry.url, target, { method: 'POST', body: bytes });
      expect(answer.status).to.equal(201);
      expect(answer.headers['docker-content-digest']).to.equal(sha256(bytes));
      await expectBlob(answer.headers.location ?? '', bytes);
    });
  }

  it('takes bodies without a Content-Length', async () => {
    const bytes = newBytes(300_000);
    const begun = await send(registry.url, uploads(), { method: 'POST' });
    const location = begun.headers.location ?? '';
    const first = inPieces(bytes.subarray(0, 200_000), 7777);
    const patched = await send(registry.url, location, { method: 'PATCH', body: first });
    expect(patched.status).to.equal(202);
    expect(patched.headers.range).to.equal('0-199999');
    const rest = inPieces(bytes.subarray(200_000), 999);
    const target = `${location}?digest=${sha256(bytes)}`;
    expect((await send(registry.url, target, { method: 'PUT', body: rest })).status).to.equal(201);
    await expectBlob(blob(bytes), bytes);
  });

  it('takes the same blob again, in this repository and in others', async () => {
    const bytes = newBytes(100_000);
    for (const name of ['hello', 'hello', 'a/b/c']) await pushBlob(registry.url, name, bytes);
    for (const name of ['hello', 'a/b/c']) await expectBlob(blob(bytes, name), bytes);
  });

  it('takes the same blob from many clients at once', async () => {
    const bytes = newBytes(500_000);
    await Promise.all(Array.from({ length: 8 }, () => pushBlob(registry.url, 'hello', bytes)));
    await expectBlob(blob(bytes), bytes);
  });

  for (const how of ['POST', 'PUT', 'PATCH and PUT'])
    it(`keeps nothing of a blob whose digest does not fit, sent by ${how}`, async () => {
      const [bytes, other] = [newBytes(), newBytes()];
      const digest = `?digest=${sha256(other)}`;
      let target = uploads();
      if (how !== 'POST') {
        target = (await send(registry.url, target, { method: 'POST' })).headers.location ?? '';
        if (how !== 'PUT') await send(registry.url, target, { method: 'PATCH', body: bytes });
      }
      const answer = await send(registry.url, `${target}${digest}`, {
        method: how === 'POST' ? 'POST' : 'PUT',
        body: how === 'PATCH and PUT' ? EMPTY : bytes,
      });
      const { detail } = expectError(answer, 400, 'DIGEST_INVALID');
      expect(detail).to.deep.include({ given: sha256(other), actual: sha256(bytes) });
      for (const each of [bytes, other])
        expectError(await send(registry.url, blob(each)), 404, 'BLOB_UNKNOWN');
      if (how !== 'POST') expectError(await send(registry.url, target), 404, 'BLOB_UPLOAD_UNKNOWN');
    });

  for (const digest of ['', 'sha256:', 'sha256:baddigeststring', 'latest', `sha256:${'A'.repeat(64)}`])
    it(`refuses "${digest}" where a digest is wanted`, async () => {
      const begun = await send(registry.url, uploads(), { method: 'POST' });
      const target = `${begun.headers.location}?digest=${digest}`;
      expectError(
        await send(registry.url, target, { method: 'PUT', body: newBytes() }),
        400,
        'DIGEST_INVALID',
      );
      if (digest !== '')
        expectError(await send(registry.url, `/v2/hello/blobs/${digest}`), 400, 'DIGEST_INVALID');
    });

  it('shows a blob only in the repositories that have it', async () => {
    const bytes = newBytes();
    await pushBlob(registry.url, 'hello', bytes);
    expectError(await send(registry.url, blob(bytes, 'elsewhere')), 404, 'BLOB_UNKNOWN');
  });
});

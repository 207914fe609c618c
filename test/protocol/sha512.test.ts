/**
 * Promise: content can be named by SHA-512 as well as by SHA-256, wherever a digest stands, and comes back byte for
 * byte, however it is spelled.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { newBytes } from '../support/bytes.ts';
import { sha256, sha512 } from '../support/digest.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob, putManifest } from './pushing.ts';
import { type Answer, expectError, inPieces, jsonOf, send } from './wire.ts';

describe('sha512', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false, delete: true });
  });
  after(() => registry[Symbol.asyncDispose]());

  const get = (target: string, method = 'GET') => send(registry.url, target, { method });

  async function begin(query = ''): Promise<string> {
    const begun = await send(registry.url, `/v2/hello/blobs/uploads/${query}`, { method: 'POST' });
    expect(begun.status, begun.body.toString()).to.equal(202);
    return String(begun.headers.location);
  }

  async function expectBlob(bytes: Buffer, digests: readonly string[]): Promise<void> {
    for (const digest of digests) {
      const got = await get(`/v2/hello/blobs/${digest}`);
      expect(got.status, digest).to.equal(200);
      expect(got.body.equals(bytes)).to.equal(true);
      expect(got.headers['docker-content-digest']).to.equal(digest);
      const head = await get(`/v2/hello/blobs/${digest}`, 'HEAD');
      expect([head.status, head.headers['content-length']]).to.deep.equal([200, String(bytes.length)]);
    }
  }

  type Push = (bytes: Buffer, digest: string) => Promise<Answer>;
  const pushes: readonly (readonly [string, Push])[] = [
    [
      'one POST',
      (body, digest) =>
        send(registry.url, `/v2/hello/blobs/uploads/?digest=${digest}`, { method: 'POST', body }),
    ],
    [
      'POST and PUT',
      async (body, digest) =>
        send(registry.url, `${await begin()}?digest=${digest}`, { method: 'PUT', body }),
    ],
    [
      'POST that tells the algorithm, and PUT',
      async (body, digest) =>
        send(registry.url, `${await begin('?digest-algorithm=sha512')}?digest=${digest}`, {
          method: 'PUT',
          body,
        }),
    ],
    [
      'several PATCHes and PUT',
      async (bytes, digest) => {
        const location = await begin();
        for (let at = 0; at < bytes.length; at += 40_000)
          await send(registry.url, location, { method: 'PATCH', body: bytes.subarray(at, at + 40_000) });
        return send(registry.url, `${location}?digest=${digest}`, { method: 'PUT' });
      },
    ],
    [
      'a stream',
      async (bytes, digest) =>
        send(registry.url, `${await begin()}?digest=${digest}`, { method: 'PUT', body: inPieces(bytes) }),
    ],
  ];
  for (const [how, push] of pushes)
    it(`names a blob that was pushed by ${how}, which has its other name, too`, async () => {
      const bytes = newBytes(100_000);
      const pushed = await push(bytes, sha512(bytes));
      expect(pushed.status, pushed.body.toString()).to.equal(201);
      expect(pushed.headers['docker-content-digest']).to.equal(sha512(bytes));
      expect(pushed.headers.location).to.equal(`/v2/hello/blobs/${sha512(bytes)}`);
      await expectBlob(bytes, [sha512(bytes), sha256(bytes)]);
    });

  it('of other bytes is refused, and nothing is kept', async () => {
    const bytes = newBytes();
    const claimed = sha512(newBytes());
    for (const [, push] of pushes) expectError(await push(bytes, claimed), 400, 'DIGEST_INVALID');
    for (const digest of [claimed, sha512(bytes), sha256(bytes)])
      expectError(await get(`/v2/hello/blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  });

  it('does not name what was only pushed by SHA-256', async () => {
    const bytes = newBytes();
    await pushBlob(registry.url, 'hello', bytes);
    expectError(await get(`/v2/hello/blobs/${sha512(bytes)}`), 404, 'BLOB_UNKNOWN');
  });

  it('names a blob to mount, from where it is named so', async () => {
    const bytes = newBytes();
    await send(registry.url, `/v2/hello/blobs/uploads/?digest=${sha512(bytes)}`, {
      method: 'POST',
      body: bytes,
    });
    const target = `/v2/mounted/blobs/uploads/?mount=${sha512(bytes)}&from=hello`;
    const mounted = await send(registry.url, target, { method: 'POST' });
    expect(mounted.status).to.equal(201);
    expect((await get(`/v2/mounted/blobs/${sha512(bytes)}`)).body.equals(bytes)).to.equal(true);
  });

  for (const algorithm of ['md5', 'sha384', 'SHA512', '', '../sha512'])
    it(`is known, and ${JSON.stringify(algorithm)} is not`, async () => {
      const query = `?digest-algorithm=${encodeURIComponent(algorithm)}`;
      const refused = await send(registry.url, `/v2/hello/blobs/uploads/${query}`, { method: 'POST' });
      expectError(refused, 400, 'DIGEST_INVALID');
    });

  function newIndex(): Buffer {
    const annotations = { nonce: newBytes(8).toString('hex') };
    return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [], annotations }));
  }

  it('names a manifest, and what a tag next to it leads to', async () => {
    const bytes = newIndex();
    const put = await putManifest(
      registry.url,
      'hello',
      `${sha512(bytes)}?tag=by512`,
      bytes,
      MEDIA_TYPES.index,
    );
    expect(put.status, put.body.toString()).to.equal(201);
    for (const [reference, digest] of [
      [sha512(bytes), sha512(bytes)],
      ['by512', sha512(bytes)],
      [sha256(bytes), sha256(bytes)],
    ]) {
      const got = await get(`/v2/hello/manifests/${reference}`);
      expect(got.body.equals(bytes)).to.equal(true);
      expect(got.headers['docker-content-digest']).to.equal(digest);
    }
    expect((await get(`/v2/hello/manifests/${sha256(bytes)}`, 'DELETE')).status).to.equal(202);
    for (const reference of [sha512(bytes), 'by512', sha256(bytes)])
      expect((await get(`/v2/hello/manifests/${reference}`)).status, reference).to.equal(404);
  });

  it('of another manifest than the one sent is refused', async () => {
    const put = await putManifest(registry.url, 'hello', sha512(newBytes()), newIndex(), MEDIA_TYPES.index);
    expectError(put, 400, 'DIGEST_INVALID');
  });
});

describe('a manifest', function () {
  this.timeout(30_000);
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  const blank = fc.stringMatching(/^[ \n\r\t]{0,3}$/);

  /** The same JSON as other programs would write it. */
  function spelled(json: unknown, blanks: readonly string[], escapes: number): string {
    let at = 0;
    const gap = () => blanks[at++ % blanks.length] ?? '';
    const text = (each: string) =>
      JSON.stringify(each).replaceAll(/[a-z/]/g, (char, place: number) => {
        const isEscaped = ((escapes >> (place % 24)) & 1) === 1 && !/\\./.test(JSON.stringify(each));
        return isEscaped ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char;
      });
    const write = (value: unknown): string => {
      if (Array.isArray(value)) return `[${gap()}${value.map(write).join(`${gap()},${gap()}`)}${gap()}]`;
      if (typeof value === 'object' && value !== null) {
        const members = Object.entries(value).map(
          ([key, each]) => `${text(key)}${gap()}:${gap()}${write(each)}`,
        );
        return `{${gap()}${members.join(`${gap()},${gap()}`)}${gap()}}`;
      }
      return typeof value === 'string' ? text(value) : JSON.stringify(value);
    };
    return `${gap()}${write(json)}${gap()}`;
  }

  it('comes back byte for byte, in whatever way its JSON is written', async () => {
    const annotations = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), {
      noNullPrototype: true,
    });
    const members = fc.record({ annotations, extra: fc.jsonValue(), by512: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        members,
        fc.shuffledSubarray(['schemaVersion', 'mediaType', 'manifests', 'annotations', 'x'], {
          minLength: 5,
        }),
        fc.array(blank, { minLength: 1, maxLength: 7 }),
        fc.nat(2 ** 24),
        async ({ annotations: notes, extra, by512 }, order, blanks, escapes) => {
          const all: Record<string, unknown> = {
            schemaVersion: 2,
            mediaType: MEDIA_TYPES.index,
            manifests: [],
            annotations: notes,
            x: extra,
          };
          const json = Object.fromEntries(order.map((key) => [key, all[key]]));
          const bytes = Buffer.from(spelled(json, blanks, escapes));
          const digest = by512 ? sha512(bytes) : sha256(bytes);
          const reference = `${digest}?tag=any`;
          const put = await putManifest(registry.url, 'hello', reference, bytes, MEDIA_TYPES.index);
          expect(put.status, put.body.toString()).to.equal(201);
          for (const each of [digest, 'any']) {
            const got = await send(registry.url, `/v2/hello/manifests/${each}`);
            expect(got.body.equals(bytes), each).to.equal(true);
            expect(got.headers['docker-content-digest']).to.equal(digest);
            expect(got.headers['content-type']).to.equal(MEDIA_TYPES.index);
            expect(jsonOf(got)).to.deep.equal(JSON.parse(bytes.toString()));
          }
        },
      ),
      { numRuns: 120 },
    );
  });
});

/**
 * Promise: no name, tag, digest or path, however it is written on the wire, reaches anything but the registry's own
 * content; whatever is outside the grammar is answered with a 4xx in the specification's shape, never with a 5xx.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { newBytes } from '../support/bytes.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob, pushImage } from './pushing.ts';
import { expectError, jsonOf, send } from './wire.ts';

describe('names', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  const LONGEST = `a/${'b'.repeat(253)}`;
  for (const name of [
    'a',
    '0',
    'a/b/c/d/e/f',
    'a.b_c__d-e---f',
    'x/manifests/y',
    'blobs/uploads',
    'tags/list',
    LONGEST,
  ])
    it(`takes ${name.length > 50 ? `a name of ${name.length} characters` : name}`, async () => {
      const image = await pushImage(registry.url, name, '1');
      const got = await send(registry.url, `/v2/${name}/manifests/1`);
      expect(got.body.equals(image.bytes)).to.equal(true);
      const tags = await send(registry.url, `/v2/${name}/tags/list`);
      expect(jsonOf(tags)).to.deep.equal({ name, tags: ['1'] });
    });

  for (const name of [
    'A',
    'Hello',
    'a//b',
    '-a',
    'a-',
    'a..b',
    'a___b',
    '.a',
    '_uploads',
    'a/_layers',
    'a%20b',
    'ä',
    `${LONGEST}c`,
  ])
    for (const rest of ['manifests/1', 'tags/list', 'blobs/uploads/'])
      it(`refuses the name ${name.slice(0, 20)} at ${rest}`, async () => {
        const target = encodeURI(decodeURI(`/v2/${name}/${rest}`));
        const method = rest.endsWith('/') ? 'POST' : 'GET';
        expectError(await send(registry.url, target, { method }), 400, 'NAME_INVALID');
      });

  for (const tag of ['.hidden', '-x', 'a+b', 'a%20b', 'x'.repeat(129), '%00', 'ä', '..'])
    it(`refuses the tag ${tag.slice(0, 20)}`, async () => {
      const target = `/v2/hello/manifests/${encodeURI(decodeURI(tag))}`;
      expectError(await send(registry.url, target), 400, 'TAG_INVALID');
      const bytes = Buffer.from('{}');
      const headers = { 'content-type': MEDIA_TYPES.image };
      expectError(
        await send(registry.url, target, { method: 'PUT', headers, body: bytes }),
        400,
        'TAG_INVALID',
      );
    });

  it('takes the longest tag, and tags of every character of the grammar', async () => {
    for (const tag of ['x'.repeat(128), '_.-', 'V1.0_rc-2']) await pushImage(registry.url, 'tagged', tag);
    const { tags } = jsonOf(await send(registry.url, '/v2/tagged/tags/list')) as { tags: string[] };
    expect(tags).to.have.length(3);
  });

  for (const digest of [
    'sha256:x',
    'sha256:..',
    'sha256:%2e%2e%2f',
    `SHA256:${'a'.repeat(64)}`,
    'md5:abc',
    ':',
    `sha512:${'a'.repeat(64)}`,
    `sha256:${'a'.repeat(128)}`,
  ])
    it(`refuses the digest ${digest.slice(0, 20)} of a manifest and of a blob`, async () => {
      for (const what of ['manifests', 'blobs'])
        expectError(await send(registry.url, `/v2/hello/${what}/${digest}`), 400, 'DIGEST_INVALID');
    });

  // Each way in which a path may ask for what lies outside, as raw bytes on the wire.
  const dots = [
    '..',
    '%2e%2e',
    '%2E.',
    '.%2e',
    '%252e%252e',
    '..%00',
    '%c0%ae%c0%ae',
    '..%2f..%2f',
    '..%5c',
    '%2e%2e%2f',
  ];
  const targets = dots.flatMap((up) => [
    `/v2/${up}/x`,
    `/v2/${up}/manifests/1`,
    `/v2/${up}/${up}/${up}/etc/passwd`,
    `/v2/a/${up}/b/manifests/1`,
    `/v2/hello/manifests/${up}`,
    `/v2/hello/blobs/${up}`,
    `/v2/hello/blobs/uploads/${up}/x`,
    `/v2/${up}%2f${up}/tags/list`,
    `/origin/docker/registry/v2/blobs/sha256/${up}/${up}/data`,
    `/v2/hello/tags/list?last=${up}&n=${up}`,
  ]);
  const odd = [
    ...[
      '/v2//manifests/1',
      '/v2/a/manifests/',
      '/v2/a/manifests//',
      '/v2/%/manifests/1',
      '/v2/a/manifests/%zz',
    ],
    ...[
      '/v2/%E0%A4%A/tags/list',
      '/v2/a%2Fb/manifests/1',
      '/v2/a%00b/manifests/1',
      '/v2/a/manifests/1%0d%0aX:y',
    ],
    ...[
      '/v2/a/blobs/sha256%3Aabc',
      '/v2/a/tags/list?n=-1',
      '/v2/a/tags/list?n=1e9',
      '/v2/a/tags/list?n=%00',
      '//v2/',
      '/v2/;/x',
    ],
    ...[
      `/v2/${'a'.repeat(20_000)}/manifests/1`,
      `/v2/${'a/'.repeat(9000)}a/tags/list`,
      `/${'x'.repeat(20_000)}`,
    ],
    ...[`/v2/hello/manifests/${'1'.repeat(20_000)}`, '*', '/v2/__proto__/manifests/constructor'],
  ];

  it("answers every path that leads outside, or nowhere, with a 4xx in the specification's shape", async () => {
    await pushBlob(registry.url, 'hello', newBytes());
    for (const target of [...targets, ...odd])
      for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE']) {
        const answer = await send(registry.url, target, { method });
        const what = `${method} ${target.slice(0, 100)}: ${answer.status} ${answer.body}`;
        expect(answer.status, what).to.be.within(400, 499);
        if (method === 'HEAD') continue;
        const { errors } = jsonOf(answer) as { errors: { code: string; message: string }[] };
        expect(errors[0]?.code, what).to.match(/^[A-Z_]+$/);
        expect(errors[0]?.message, what).to.be.a('string');
      }
  });

  it('answers a request line beyond all measure with a 4xx', async () => {
    const answer = await send(registry.url, `/v2/${'a'.repeat(40_000)}/manifests/1`);
    expect(answer.status).to.be.within(400, 499);
  });

  it('answers no path, however made up, with a 5xx', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...dots,
        'v2',
        'hello',
        'manifests',
        'blobs',
        'uploads',
        'tags',
        'list',
        '',
        'sha256:',
        '_uploads',
      ),
      fc.string({ maxLength: 8, unit: fc.constantFrom(...'ab.-_:%20f?#&=*+~;,@\\') }),
    );
    const target = fc.array(piece, { maxLength: 6 }).map((pieces) => `/v2/${pieces.join('/')}`);
    const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE');
    await fc.assert(
      fc.asyncProperty(method, target, async (how, where) => {
        const answer = await send(registry.url, where, { method: how });
        expect(answer.status, answer.body.toString()).to.be.below(500);
      }),
      { numRuns: 500 },
    );
  });

  it('found nothing in all this to log as an error', () => {
    expect(registry.log().filter((line) => line['level'] === 'error')).to.deep.equal([]);
  });
});

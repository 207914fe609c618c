/**
 * Promise: a client can say what it thinks that a tag names, and the tag moves only if that is so; and who has a
 * manifest already is told so instead of being sent it again (RFC 9110, section 13).
 */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type Answer, expectError, send } from './wire.ts';

/** A manifest unlike all others. */
function newManifest(): Buffer {
  const annotations = { nonce: newBytes(8).toString('hex') };
  return manifestOf(MEDIA_TYPES.index, { manifests: [], annotations }).bytes;
}

describe('conditions', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  function put(reference: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<Answer> {
    const target = `/v2/hello/manifests/${reference}`;
    return send(registry.url, target, {
      method: 'PUT',
      body: bytes,
      headers: { 'content-type': MEDIA_TYPES.index, ...headers },
    });
  }

  async function named(tag: string): Promise<string | undefined> {
    const head = await send(registry.url, `/v2/hello/manifests/${tag}`, { method: 'HEAD' });
    return head.status === 200 ? String(head.headers['docker-content-digest']) : undefined;
  }

  let count = 0;
  const newTag = () => `tag-${count++}`;
  const entityTag = (bytes: Buffer) => `"${sha256(bytes)}"`;

  it('of a push: the tag moves when it names what the client says, as its ETag says it', async () => {
    const [tag, first, second] = [newTag(), newManifest(), newManifest()];
    expect((await put(tag, first)).status).to.equal(201);
    const got = await send(registry.url, `/v2/hello/manifests/${tag}`);
    expect(got.headers.etag).to.equal(entityTag(first));
    const moved = await put(tag, second, { 'if-match': String(got.headers.etag) });
    expect(moved.status, moved.body.toString()).to.equal(201);
    expect(moved.headers['docker-content-digest']).to.equal(sha256(second));
    expect(await named(tag)).to.equal(sha256(second));
  });

  it('of a push: 412 with what the tag names when it names something else, and the tag stays', async () => {
    const [tag, first, second] = [newTag(), newManifest(), newManifest()];
    await put(tag, first);
    for (const ifMatch of [entityTag(second), '"x"', `"x", ${entityTag(second)}`]) {
      const refused = await put(tag, second, { 'if-match': ifMatch });
      expect(expectError(refused, 412, 'PRECONDITION_FAILED').detail).to.deep.equal({
        current: sha256(first),
      });
      expect(await named(tag)).to.equal(sha256(first));
    }
    expect((await put(tag, second, { 'if-match': `"x", ${entityTag(first)}` })).status).to.equal(201);
  });

  it('of a push: `If-Match` of any kind fails where there is no tag, and none is made', async () => {
    const [tag, bytes] = [newTag(), newManifest()];
    for (const ifMatch of ['*', entityTag(bytes)]) {
      const refused = await put(tag, bytes, { 'if-match': ifMatch });
      expect(expectError(refused, 412, 'PRECONDITION_FAILED').detail).to.deep.equal({ current: null });
    }
    expect(await named(tag)).to.equal(undefined);
    await put(tag, bytes);
    expect((await put(tag, newManifest(), { 'if-match': '*' })).status).to.equal(201);
  });

  it('of a push: `If-None-Match: *` makes a tag, and moves none', async () => {
    const [tag, first] = [newTag(), newManifest()];
    expect((await put(tag, first, { 'if-none-match': '*' })).status).to.equal(201);
    const again = await put(tag, newManifest(), { 'if-none-match': '*' });
    expect(expectError(again, 412, 'PRECONDITION_FAILED').detail).to.deep.equal({ current: sha256(first) });
    expect(await named(tag)).to.equal(sha256(first));
  });

  it('of a push: one that is sent again, since its answer was lost, succeeds again', async () => {
    const [tag, first, second] = [newTag(), newManifest(), newManifest()];
    const pushes = [
      [first, { 'if-none-match': '*' }],
      [second, { 'if-match': entityTag(first) }],
    ] as const;
    for (const [bytes, condition] of pushes) {
      for (let attempt = 0; attempt < 2; attempt++)
        expect((await put(tag, bytes, condition)).status).to.equal(201);
      expect(await named(tag)).to.equal(sha256(bytes));
    }
    expect((await put(tag, first, { 'if-match': entityTag(first) })).status).to.equal(412);
  });

  it('of a push by digest: are about its one `?tag=`', async () => {
    const [tag, first, second] = [newTag(), newManifest(), newManifest()];
    expect((await put(`${sha256(first)}?tag=${tag}`, first, { 'if-none-match': '*' })).status).to.equal(201);
    expectError(
      await put(`${sha256(second)}?tag=${tag}`, second, { 'if-none-match': '*' }),
      412,
      'PRECONDITION_FAILED',
    );
    const moved = await put(`${sha256(second)}?tag=${tag}`, second, { 'if-match': entityTag(first) });
    expect(moved.headers['oci-tag']).to.equal(tag);
    for (const reference of [sha256(first), `${sha256(first)}?tag=a&tag=b`])
      expectError(await put(reference, first, { 'if-match': '*' }), 400, 'PARAMETER_INVALID');
  });

  for (const headers of [
    { 'if-match': 'x' },
    { 'if-match': '"x' },
    { 'if-match': '"a" "b"' },
    { 'if-none-match': '"x"' },
    { 'if-none-match': '**' },
    { 'if-match': '*', 'if-none-match': '*' },
  ])
    it(`of a push: 400 for ${JSON.stringify(headers)}, which nobody can follow`, async () => {
      const [tag, bytes] = [newTag(), newManifest()];
      await put(tag, bytes);
      expectError(await put(tag, newManifest(), headers as Record<string, string>), 400, 'PARAMETER_INVALID');
      expect(await named(tag)).to.equal(sha256(bytes));
    });

  it('of pushes that race: one wins, whichever condition they share', async () => {
    for (const isNew of [true, false]) {
      const [tag, first] = [newTag(), newManifest()];
      if (!isNew) await put(tag, first);
      const headers: Record<string, string> = isNew
        ? { 'if-none-match': '*' }
        : { 'if-match': entityTag(first) };
      const racers = Array.from({ length: 8 }, newManifest);
      const answers = await Promise.all(racers.map((bytes) => put(tag, bytes, headers)));
      const winners = racers.filter((_, i) => answers[i]?.status === 201);
      expect(winners).to.have.length(1);
      expect(answers.filter(({ status }) => status === 412)).to.have.length(7);
      expect(await named(tag)).to.equal(winners.map(sha256)[0]);
    }
  });

  it('of a pull: 304 without a body for who has it already, and the manifest for who has not', async () => {
    const [tag, bytes] = [newTag(), newManifest()];
    await put(tag, bytes);
    for (const reference of [tag, sha256(bytes)])
      for (const method of ['GET', 'HEAD'])
        for (const [header, status] of [
          [entityTag(bytes), 304],
          [`W/${entityTag(bytes)}`, 304],
          [`"x", ${entityTag(bytes)}`, 304],
          ['*', 304],
          ['"x"', 200],
          [sha256(bytes), 200],
          ['', 200],
        ] as const) {
          const headers = { 'if-none-match': header };
          const answer = await send(registry.url, `/v2/hello/manifests/${reference}`, { method, headers });
          expect(answer.status, `${method} ${header}`).to.equal(status);
          expect(answer.headers.etag).to.equal(entityTag(bytes));
          expect(answer.headers['docker-content-digest']).to.equal(sha256(bytes));
          expect(answer.body).to.have.length(status === 200 && method === 'GET' ? bytes.length : 0);
        }
  });

  it('of a pull of nothing: 404, whatever the client has', async () => {
    const headers = { 'if-none-match': '*' };
    expectError(
      await send(registry.url, '/v2/hello/manifests/nothing', { headers }),
      404,
      'MANIFEST_UNKNOWN',
    );
  });
});

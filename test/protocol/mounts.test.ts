/**
 * Promise: a blob that another repository has can be had without sending it again; where that cannot be done the
 * client is given an upload instead, never an error.
 */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob } from './pushing.ts';
import { expectError, send } from './wire.ts';

describe('cross-repository mounts', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  const mount = (name: string, query: string) =>
    send(registry.url, `/v2/${name}/blobs/uploads/?${query}`, { method: 'POST' });

  it('mounts a blob, and gives it back at the Location of its answer', async () => {
    const bytes = newBytes(100_000);
    const { digest } = await pushBlob(registry.url, 'from/here', bytes);
    const answer = await mount('to/there', `mount=${digest}&from=from/here`);
    expect(answer.status).to.equal(201);
    expect(answer.headers['docker-content-digest']).to.equal(digest);
    const got = await send(registry.url, answer.headers.location ?? '');
    expect(got.status).to.equal(200);
    expect(got.body.equals(bytes)).to.equal(true);
    expect(answer.headers.location).to.equal(`/v2/to/there/blobs/${digest}`);
  });

  it('mounts a blob into a repository that has it already', async () => {
    const { digest } = await pushBlob(registry.url, 'twice', newBytes());
    expect((await mount('twice', `mount=${digest}&from=twice`)).status).to.equal(201);
  });

  it('mounts what was itself mounted, and reads a percent-encoded name', async () => {
    const { digest } = await pushBlob(registry.url, 'first', newBytes());
    expect((await mount('a/second', `mount=${digest}&from=first`)).status).to.equal(201);
    expect((await mount('third', `mount=${digest}&from=a%2Fsecond`)).status).to.equal(201);
  });

  const missing = sha256(newBytes());
  for (const [what, query] of [
    ['is nowhere', `mount=${missing}&from=from/here`],
    ['has no source given', `mount=${missing}`],
    ['comes from an unknown repository', `mount=${missing}&from=nobody`],
    ['has a malformed digest', 'mount=sha256:short&from=from/here'],
    ['comes from what is no name of a repository', `mount=${missing}&from=../etc`],
  ] as const)
    it(`opens an upload for a blob that ${what}`, async () => {
      const answer = await mount('to/there', query);
      expect(answer.status).to.equal(202);
      const bytes = newBytes();
      const closed = await send(registry.url, `${answer.headers.location}?digest=${sha256(bytes)}`, {
        method: 'PUT',
        body: bytes,
      });
      expect(closed.status).to.equal(201);
    });

  it('opens an upload for a blob that only a third repository has', async () => {
    const { digest } = await pushBlob(registry.url, 'secret', newBytes());
    expect((await mount('curious', `mount=${digest}&from=public`)).status).to.equal(202);
    expectError(await send(registry.url, `/v2/curious/blobs/${digest}`), 404, 'BLOB_UNKNOWN');
  });
});

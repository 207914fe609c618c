/**
 * Promise: an upload that Distribution has begun is finished here, whatever became of Distribution meanwhile: so a
 * node of theirs can be replaced by one of ours under running pushes. (Not the other way round, and why:
 * docs/decisions/0001-object-store-without-rename.md.)
 */
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { filesBelow } from '../protocol/on-disk.ts';
import { pushBlob } from '../protocol/pushing.ts';
import { type Answer, expectError, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256, sha512 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { besideDistribution } from './beside.ts';

const NAME = 'begun/elsewhere';

/** Where an answer leads, whichever registry gave it. */
function locationOf(answer: Answer): { path: string; query: URLSearchParams } {
  const { pathname, searchParams } = new URL(answer.headers.location ?? '', 'http://any');
  return { path: pathname, query: searchParams };
}

function patch(url: string, target: string, body: Buffer, headers = {}): Promise<Answer> {
  return send(url, target, {
    method: 'PATCH',
    headers: { 'content-type': 'application/octet-stream', ...headers },
    body,
  });
}

besideDistribution('an upload begun by Distribution', (pair) => {
  /** Begins an upload there, and sends these pieces there, each in a request; answers with its path. */
  const begin = async (...pieces: Buffer[]): Promise<string> => {
    let at = locationOf(await send(pair.theirs.url, `/v2/${NAME}/blobs/uploads/`, { method: 'POST' }));
    for (const piece of pieces) {
      const answer = await patch(pair.theirs.url, `${at.path}?${at.query}`, piece);
      expect(answer.status, answer.body.toString()).to.equal(202);
      at = locationOf(answer);
    }
    return at.path;
  };
  const close = (path: string, digest: string, body?: Buffer) =>
    send(pair.ours.url, `${path}?digest=${digest}`, { method: 'PUT', ...(body && { body }) });
  const expectServed = async (bytes: Buffer) => {
    for (const { url } of [pair.ours, pair.theirs]) {
      const answer = await send(url, `/v2/${NAME}/blobs/${sha256(bytes)}`);
      expect(answer.status).to.equal(200);
      expect(answer.body.equals(bytes)).to.equal(true);
    }
  };
  const leftOf = async (path: string) => {
    const id = path.split('/').at(-1) ?? '';
    return (await filesBelow(pair.ours.rootDirectory)).filter((file) => file.includes(id));
  };

  const bytes = () => newBytes(300_000);
  /** Where the bytes are cut: what Distribution gets, in pieces; what we get by PATCH; the rest comes with the PUT. */
  const SPLITS: readonly { readonly theirs: readonly number[]; readonly ours: readonly number[] }[] = [
    { theirs: [], ours: [] },
    { theirs: [], ours: [300_000] },
    { theirs: [300_000], ours: [] },
    { theirs: [1], ours: [299_998] },
    { theirs: [100_000, 50_000], ours: [] },
    { theirs: [100_000], ours: [100_000] },
    { theirs: [65_536, 1, 99_999], ours: [1, 70_000, 5] },
  ];
  for (const split of SPLITS)
    it(`is finished here: ${split.theirs.join('+') || 'nothing'} there, ${split.ours.join('+') || 'nothing'} and the rest here`, async () => {
      const whole = bytes();
      let sent = 0;
      const next = (sizeBytes: number) => {
        sent += sizeBytes;
        return whole.subarray(sent - sizeBytes, sent);
      };
      const path = await begin(...split.theirs.map(next));
      const status = await send(pair.ours.url, path);
      expect(status.status).to.equal(204);
      expect(status.headers['range']).to.equal(`0-${Math.max(0, sent - 1)}`);
      for (const sizeBytes of split.ours) {
        const range = `${sent}-${sent + sizeBytes - 1}`;
        const answer = await patch(pair.ours.url, path, next(sizeBytes), { 'content-range': range });
        expect(answer.status, answer.body.toString()).to.equal(202);
        expect(answer.headers['range']).to.equal(`0-${sent - 1}`);
        expect(locationOf(answer).path).to.equal(path);
      }
      const closed = await close(path, sha256(whole), sent < whole.length ? whole.subarray(sent) : undefined);
      expect(closed.status, closed.body.toString()).to.equal(201);
      await expectServed(whole);
      expect(await leftOf(path)).to.deep.equal([]);
    });

  it('is finished here under a SHA-512, too', async () => {
    const whole = bytes();
    const path = await begin(whole.subarray(0, 1000));
    expect((await patch(pair.ours.url, path, whole.subarray(1000))).status).to.equal(202);
    expect((await close(path, sha512(whole))).status).to.equal(201);
    await expectServed(whole);
  });

  it('with the wrong digest is refused and forgotten by both', async () => {
    const whole = bytes();
    const path = await begin(whole.subarray(0, 1000));
    const refused = await close(path, sha256(newBytes()), whole.subarray(1000));
    expectError(refused, 400, 'DIGEST_INVALID');
    expectError(await send(pair.ours.url, path), 404, 'BLOB_UPLOAD_UNKNOWN');
    expect(await leftOf(path)).to.deep.equal([]);
    expect((await send(pair.ours.url, `/v2/${NAME}/blobs/${sha256(whole)}`)).status).to.equal(404);
  });

  it('with a range that does not continue where it ends is refused, and can be continued', async () => {
    const whole = bytes();
    const path = await begin(whole.subarray(0, 1000));
    const answer = await patch(pair.ours.url, path, whole.subarray(500), { 'content-range': '500-299999' });
    expectError(answer, 416, 'RANGE_INVALID');
    expect(answer.headers['range']).to.equal('0-999');
    expect((await close(path, sha256(whole), whole.subarray(1000))).status).to.equal(201);
    await expectServed(whole);
  });

  it('is cancelled here, and Distribution knows no more of it', async () => {
    let at = locationOf(await send(pair.theirs.url, `/v2/${NAME}/blobs/uploads/`, { method: 'POST' }));
    at = locationOf(await patch(pair.theirs.url, `${at.path}?${at.query}`, newBytes()));
    expect((await send(pair.ours.url, at.path, { method: 'DELETE' })).status).to.equal(204);
    expect((await patch(pair.theirs.url, `${at.path}?${at.query}`, newBytes())).status).to.equal(404);
    expect(await leftOf(at.path)).to.deep.equal([]);
  });

  it('is not to be found here when it was cancelled there', async () => {
    let at = locationOf(await send(pair.theirs.url, `/v2/${NAME}/blobs/uploads/`, { method: 'POST' }));
    at = locationOf(await patch(pair.theirs.url, `${at.path}?${at.query}`, newBytes()));
    const target = `${at.path}?${at.query}`;
    expect((await send(pair.theirs.url, target, { method: 'DELETE' })).status).to.equal(204);
    expectError(await send(pair.ours.url, at.path), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectError(await close(at.path, sha256(newBytes()), newBytes()), 404, 'BLOB_UPLOAD_UNKNOWN');
  });

  it('is resumed here where a killed Distribution has left it, in the middle of a request', async function () {
    this.timeout(30_000);
    const whole = newBytes(3_000_000);
    const at = locationOf(await send(pair.theirs.url, `/v2/${NAME}/blobs/uploads/`, { method: 'POST' }));
    const outgoing = request(`${pair.theirs.url}${at.path}?${at.query}`, { method: 'PATCH' });
    const broken = new Promise((resolve) => outgoing.once('error', resolve));
    outgoing.write(whole.subarray(0, 2_000_000));
    await eventually('it has written some of that', async () => {
      const file = (await leftOf(at.path)).find((each) => each.endsWith('/data'));
      return file !== undefined && (await stat(join(pair.ours.rootDirectory, file))).size > 0;
    });
    await pair.theirs.kill();
    await broken;
    const status = await send(pair.ours.url, at.path);
    expect(status.status).to.equal(204);
    const last = Number(/^0-(\d+)$/.exec(String(status.headers['range']))?.[1]);
    expect(last).to.be.within(1, 1_999_999);
    const rest = whole.subarray(last + 1);
    const range = `${last + 1}-${whole.length - 1}`;
    expect((await patch(pair.ours.url, at.path, rest, { 'content-range': range })).status).to.equal(202);
    expect((await close(at.path, sha256(whole))).status).to.equal(201);
    await pair.theirs.start();
    await expectServed(whole);
    expect(await leftOf(at.path)).to.deep.equal([]);
  });

  it('is not disturbed by others that continue there', async () => {
    const whole = bytes();
    const path = await begin(whole.subarray(0, 1000));
    await pushBlob(pair.theirs.url, NAME, newBytes());
    await pushBlob(pair.ours.url, NAME, newBytes());
    expect((await close(path, sha256(whole), whole.subarray(1000))).status).to.equal(201);
    await expectServed(whole);
  });
});

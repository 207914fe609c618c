/**
 * Promise: an upload can be sent in pieces, asked about, resumed and given up; a piece that does not follow on what
 * is there changes nothing and is told where to go on.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type Answer, expectError, send } from './wire.ts';

describe('uploads in pieces', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  const bytes = newBytes(300_000);
  const digest = `?digest=${sha256(bytes)}`;

  async function begin(): Promise<string> {
    const begun = await send(registry.url, '/v2/hello/blobs/uploads/', { method: 'POST' });
    expect(begun.status).to.equal(202);
    return begun.headers.location ?? '';
  }

  function piece(target: string, method: string, first: number, end: number): Promise<Answer> {
    const headers = { 'content-range': `${first}-${end - 1}`, 'content-type': 'application/octet-stream' };
    return send(registry.url, target, { method, headers, body: bytes.subarray(first, end) });
  }

  async function expectWhole(): Promise<void> {
    const got = await send(registry.url, `/v2/hello/blobs/${sha256(bytes)}`);
    expect(got.status).to.equal(200);
    expect(got.body.equals(bytes)).to.equal(true);
  }

  it('takes pieces in order, reports after each how far it is, and closes with an empty PUT', async () => {
    const location = await begin();
    const first = await piece(location, 'PATCH', 0, 100_000);
    expect(first.status).to.equal(202);
    expect(first.headers.range).to.equal('0-99999');
    expect(first.headers.location).to.equal(location);
    const second = await piece(location, 'PATCH', 100_000, 300_000);
    expect(second.headers.range).to.equal('0-299999');
    const state = await send(registry.url, location);
    expect(state.status).to.equal(204);
    expect(state.headers.range).to.equal('0-299999');
    expect(state.headers.location).to.equal(location);
    expect((await send(registry.url, location + digest, { method: 'PUT' })).status).to.equal(201);
    await expectWhole();
  });

  it('takes the last piece with the closing PUT', async () => {
    const location = await begin();
    await piece(location, 'PATCH', 0, 200_000);
    expect((await piece(location + digest, 'PUT', 200_000, 300_000)).status).to.equal(201);
    await expectWhole();
  });

  for (const method of ['PATCH', 'PUT'])
    for (const [what, first] of [
      ['leaves a gap', 150_000],
      ['comes a second time', 0],
      ['overlaps', 50_000],
    ] as const)
      it(`answers a ${method} that ${what} with 416 and where to continue, and can be continued from there`, async () => {
        const location = await begin();
        await piece(location, 'PATCH', 0, 100_000);
        const target = method === 'PUT' ? location + digest : location;
        const refused = await piece(target, method, first, 300_000);
        expectError(refused, 416, 'RANGE_INVALID');
        expect(refused.headers.location).to.equal(location);
        expect(refused.headers.range).to.equal('0-99999');
        const state = await send(registry.url, refused.headers.location ?? '');
        expect(state.status).to.equal(204);
        expect(state.headers.range).to.equal('0-99999');
        expect((await piece(location + digest, 'PUT', 100_000, 300_000)).status).to.equal(201);
        await expectWhole();
      });

  it('answers a first piece that does not begin at the beginning with 416 and an empty range', async () => {
    const location = await begin();
    const refused = await piece(location, 'PATCH', 100_000, 200_000);
    expectError(refused, 416, 'RANGE_INVALID');
    expect(refused.headers.range).to.equal('0-0');
  });

  it('refuses a Content-Range that is malformed, or whose length is not the Content-Length', async () => {
    const location = await begin();
    for (const [range, status, code] of [
      ['0-', 416, 'RANGE_INVALID'],
      ['9-0', 416, 'RANGE_INVALID'],
      ['first-last', 416, 'RANGE_INVALID'],
      ['0-5', 400, 'SIZE_INVALID'],
    ] as const) {
      const headers = { 'content-range': range };
      const sent = { method: 'PATCH', headers, body: Buffer.from('hello') };
      expectError(await send(registry.url, location, sent), status, code);
    }
    expect((await send(registry.url, location)).headers.range).to.equal('0-0');
  });

  it('lets exactly one of many pieces for the same place win', async () => {
    const location = await begin();
    const bodies = Array.from({ length: 8 }, () => newBytes(50_000));
    const answers = await Promise.all(
      bodies.map((body) =>
        send(registry.url, location, { method: 'PATCH', headers: { 'content-range': '0-49999' }, body }),
      ),
    );
    const winners = bodies.filter((_, i) => answers[i]?.status === 202);
    expect(winners).to.have.length(1);
    for (const answer of answers.filter(({ status }) => status !== 202))
      expectError(answer, 416, 'RANGE_INVALID');
    const [winner = Buffer.alloc(0)] = winners;
    const closed = await send(registry.url, `${location}?digest=${sha256(winner)}`, { method: 'PUT' });
    expect(closed.status).to.equal(201);
  });

  it('closes once when a client that has lost patience sends the closing PUT again and again', async () => {
    for (let round = 0; round < 20; round++) {
      const own = newBytes(1000);
      const location = await begin();
      await send(registry.url, location, { method: 'PATCH', body: own });
      const target = `${location}?digest=${sha256(own)}`;
      const closings = Array.from({ length: 4 }, () => send(registry.url, target, { method: 'PUT' }));
      const answers = await Promise.all(closings);
      for (const answer of answers) expect(answer.status, answer.body.toString()).to.be.oneOf([201, 404]);
      expect(answers.map(({ status }) => status)).to.include(201);
      const got = await send(registry.url, `/v2/hello/blobs/${sha256(own)}`);
      expect(got.body.equals(own)).to.equal(true);
    }
  });

  it('is closed or given up, and nothing else, when both are asked for at once', async () => {
    for (let round = 0; round < 20; round++) {
      const own = newBytes(1000);
      const location = await begin();
      await send(registry.url, location, { method: 'PATCH', body: own.subarray(0, 500) });
      const answers = await Promise.all([
        send(registry.url, `${location}?digest=${sha256(own)}`, { method: 'PUT', body: own.subarray(500) }),
        send(registry.url, location, { method: 'DELETE' }),
      ]);
      for (const answer of answers)
        expect(answer.status, answer.body.toString()).to.be.oneOf([201, 204, 404]);
    }
  });

  it('keeps what came of a piece that broke off, to be resumed from', async () => {
    const location = await begin();
    const { hostname, port } = new URL(registry.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 300000\r\n\r\n`);
    await new Promise((resolve) => socket.write(bytes.subarray(0, 100_000), resolve));
    // So that the other side reads it first: what is destroyed at once may be thrown away unread.
    await sleep(1000);
    socket.destroy();
    let kept = 0;
    for (let i = 0; i < 100 && kept === 0; i++) {
      await sleep(20);
      kept = Number((await send(registry.url, location)).headers.range?.slice('0-'.length)) || 0;
    }
    expect(kept).to.equal(99_999);
    expect((await piece(location + digest, 'PUT', kept + 1, 300_000)).status).to.equal(201);
    await expectWhole();
  });

  it('forgets an upload that was given up', async () => {
    const location = await begin();
    await piece(location, 'PATCH', 0, 100_000);
    const cancelled = await send(registry.url, location, { method: 'DELETE' });
    expect(cancelled.status).to.equal(204);
    expectError(await send(registry.url, location), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectError(await send(registry.url, location, { method: 'DELETE' }), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectError(await piece(location, 'PATCH', 100_000, 200_000), 404, 'BLOB_UPLOAD_UNKNOWN');
  });

  for (const id of ['no-such-upload', '00000000-0000-4000-8000-000000000000', '..', '%2e%2e%2f'])
    it(`knows no upload "${id}"`, async () => {
      const answer = await send(registry.url, `/v2/hello/blobs/uploads/${id}`);
      expectError(answer, 404, 'BLOB_UPLOAD_UNKNOWN');
    });

  it('takes an upload only in the repository where it began', async () => {
    const elsewhere = (await begin()).replace('/hello/', '/other/');
    expectError(await send(registry.url, elsewhere), 404, 'BLOB_UPLOAD_UNKNOWN');
  });

  it('refuses to close an upload without a digest, and keeps it', async () => {
    const location = await begin();
    expectError(await send(registry.url, location, { method: 'PUT', body: bytes }), 400, 'DIGEST_INVALID');
    expect((await send(registry.url, location)).status).to.equal(204);
  });
});

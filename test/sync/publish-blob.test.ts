/** Promise: a blob is held by a mirror when clients get it there, and what a mirror cannot take is said in words, once. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { PublicSide } from '../../services/sync/mirrors/public-side.ts';
import { WebdavTarget } from '../../services/sync/targets/webdav.ts';
import { Lines } from '../../services/sync/transfer/lines.ts';
import { publishBlob, type TransferParts } from '../../services/sync/transfer/publish-blob.ts';
import { SizeRefusals } from '../../services/sync/transfer/size-refusals.ts';
import { Spool } from '../../services/sync/transfer/spool.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { tempDir } from '../support/temp.ts';
import { CountedStore, type MadeBlob, makeBlob } from './made-blobs.ts';
import { type MemoryMirror, startMemoryMirror } from './memory-mirror.ts';
import type { Answer } from './switchable-server.ts';

const MIB = 1024 * 1024;
const PATIENCE_MS = 700;
const never = new AbortController().signal;

describe('a blob that is published to a mirror', function () {
  this.timeout(30_000);
  const held = new AsyncDisposableStack();
  /** By their first digit of eight, one of a sample and one that is not. */
  const blob = blobThat((sample) => !sample);
  const sampled = blobThat((sample) => sample);
  const large = makeBlob(30 * MIB);
  const [small, half] = [makeBlob(10), makeBlob(15 * MIB)];
  let mirror: MemoryMirror;
  let store: CountedStore;
  let home: string;

  before(async () => {
    home = held.use(await tempDir('publish')).path;
    mirror = held.use(await startMemoryMirror());
  });
  after(() => held.disposeAsync());
  let parts: TransferParts;
  beforeEach(() => {
    store = new CountedStore([blob, sampled, large, small, half]);
    mirror.files.clear();
    mirror.requests.length = 0;
    mirror.answer = mirror.ordinary;
    parts = {
      ...{ mirror: 'm', publicSide: new PublicSide({ url: mirror.url }), verify: 'full', lagMs: 100 },
      target: new WebdavTarget({ url: mirror.url, patienceMs: PATIENCE_MS, answerMs: 20_000 }),
      spool: new Spool({ directory: home, maxBytes: 0, open: store.open, patienceMs: 300 }),
      lines: new Lines({ uploads: 4 }),
      refusals: new SizeRefusals(),
    };
  });
  const publish = (wanted: MadeBlob = blob, other: Partial<TransferParts> = {}) =>
    publishBlob({ ...parts, ...other }, wanted, never);
  /** Answers one method in another way. */
  const instead = (method: string, answer: Answer) => {
    mirror.answer = (request, response) =>
      (request.method === method ? answer : mirror.ordinary)(request, response);
  };
  const status =
    (code: number, headers: Record<string, string> = {}): Answer =>
    (request, response) => {
      request.resume();
      response.writeHead(code, headers).end();
    };

  it('is written, and read where clients get it', async () => {
    const written: number[] = [];
    expect(await publish(blob, { onWritten: ({ sizeBytes }) => written.push(sizeBytes) })).to.equal('held');
    expect(mirror.methods()).to.deep.equal(['GET', 'PUT', 'MOVE', 'GET']);
    expect(written).to.deep.equal([blob.sizeBytes]);
    expect([...mirror.files.keys()].filter((path) => path.includes('incoming'))).to.deep.equal([]);
  });

  it('is not written again, nor read from the store', async () => {
    await publish();
    mirror.requests.length = 0;
    expect(await publish()).to.equal('held');
    expect(mirror.methods()).to.deep.equal(['GET', 'GET']);
    expect(store.opened).to.deep.equal(['all']);
  });

  it('is replaced if it is damaged', async () => {
    await publish();
    const [path = ''] = mirror.files.keys();
    mirror.files.set(path, Buffer.alloc(blob.sizeBytes));
    expect(await publish()).to.equal('held');
    expect(mirror.files.get(path)?.equals(blob.bytes)).to.equal(true);
  });

  it('is not held if its URL is another place than what was written to', async () => {
    await using elsewhere = await startMemoryMirror();
    const refused = { kind: 'refused', reason: 'written, but its URL answers 404: not found' };
    expect(await publish(blob, { publicSide: new PublicSide({ url: elsewhere.url }) })).to.deep.equal(
      refused,
    );
  });

  it('is held when a cache has noticed it', async () => {
    let reads = 0;
    instead('GET', (request, response) => (++reads < 4 ? status(404) : mirror.ordinary)(request, response));
    expect(await publish()).to.equal('held');
    expect(mirror.methods().filter((method) => method === 'PUT')).to.have.lengthOf(1);
  });

  it('is read whole, or of a mirror that is verified by samples one of ten', async () => {
    const wrong: Answer = (request, response) => {
      const file = mirror.files.get(request.url ?? '');
      if (file === undefined) return status(404)(request, response);
      const range = request.headers.range !== undefined;
      response.writeHead(range ? 206 : 200, range ? { 'content-range': `bytes 0-0/${file.length}` } : {});
      response.end(Buffer.alloc(range ? 1 : file.length));
    };
    instead('GET', wrong);
    const reason = 'written, but its URL has wrong bytes of the right size';
    expect(await publish(blob)).to.have.property('reason', reason);
    expect(await publish(blob, { verify: 'sampled' })).to.equal('held');
    expect(await publish(sampled, { verify: 'sampled' })).to.have.property('reason', reason);
  });

  it('is refused if it is too large, and larger ones are not tried for a while', async () => {
    instead('PUT', (request, response) =>
      (Number(request.headers['content-length']) > 10 * MIB ? status(413) : mirror.ordinary)(
        request,
        response,
      ),
    );
    const reason = `PUT was answered with 413: it takes no file of this size (${half.sizeBytes} bytes)`;
    const refused = await publish(half);
    expect(refused).to.have.property('reason', reason);
    expect(refused).to.have.property('retryAfterMs').that.is.within(299_000, 300_000);
    mirror.requests.length = 0;
    expect(await publish(large)).to.have.property('reason', `not tried: ${reason}`);
    expect(mirror.methods()).to.deep.equal(['GET']);
    expect(await publish(small)).to.equal('held');
  });

  for (const [code, kind] of [
    [507, 'refused'],
    [500, 'refused'],
    [422, 'refused'],
    [401, 'paused'],
    [403, 'paused'],
    [405, 'paused'],
    [503, 'paused'],
  ] as const)
    it(`is ${kind} if a write is answered with ${code}, and what was begun is deleted`, async () => {
      instead('PUT', status(code));
      expect(await publish()).to.have.property('kind', kind);
      // After a full disk, the folder of uploads is emptied, too.
      const swept = code === 500 || code === 507 ? ['DELETE'] : [];
      expect(mirror.methods()).to.deep.equal(['GET', 'PUT', 'DELETE', ...swept]);
    });

  it('is refused by a 403 if the mirror takes other blobs', async () => {
    expect(await publish(small)).to.equal('held');
    instead('PUT', status(403));
    expect(await publish(blob)).to.have.property('kind', 'refused');
    expect(await publish(half)).to.have.property('kind', 'paused');
  });

  it('waits for as long as the mirror asks', async () => {
    for (const method of ['GET', 'PUT', 'MOVE']) {
      instead(method, status(429, { 'retry-after': '17' }));
      const paused = await publish();
      expect(paused).to.include({ kind: 'paused', retryAfterMs: 17_000 });
      expect(paused).to.have.property('reason').that.includes('429');
    }
  });

  it('is not given up when the answer comes late', async () => {
    instead('PUT', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      mirror.files.set(request.url ?? '', Buffer.concat(chunks));
      await sleep(PATIENCE_MS * 4);
      response.writeHead(201).end();
    });
    expect(await publish()).to.equal('held');
    expect(mirror.methods()).to.deep.equal(['GET', 'PUT', 'MOVE', 'GET']);
  });

  it('is given up when the mirror takes no byte of it', async () => {
    instead('PUT', (request) => void request.pause());
    expect(await publish(large)).to.deep.include({
      kind: 'paused',
      reason: 'PUT: the mirror took no byte for 0.7 s',
    });
    await eventually('the store is left alone', () => store.streams.size === 0);
  });

  it('is given up when the mirror closes the connection', async () => {
    instead('PUT', async (request) => {
      await once(request, 'data');
      request.socket.resetAndDestroy();
    });
    expect(await publish(large)).to.deep.include({ kind: 'paused', reason: 'PUT: it closed the connection' });
    const target = new WebdavTarget({ url: `http://127.0.0.1:${await freePort()}` });
    expect(await publish(large, { target })).to.deep.include({
      ...{ kind: 'paused', reason: 'PUT: connection refused' },
    });
  });

  it('does not blame the mirror for a store that fails, or is slow', async () => {
    store.beforeChunk = async (at) => {
      if (at === 64 * 1024) await sleep(PATIENCE_MS * 2);
    };
    expect(await publish()).to.equal('held');
    mirror.files.clear();
    store.beforeChunk = (at) => {
      if (at > 0) throw new Error('the store fails');
    };
    expect(await publish().catch((error: Error) => error.message)).to.equal('the store fails');
  });

  it('may be lost in the store', async () => {
    expect(await publish(makeBlob(10))).to.deep.equal({ kind: 'lost-in-store' });
    expect(mirror.methods()).to.deep.equal(['GET']);
  });

  it('leaves nothing running when the worker has to stop', async () => {
    instead('PUT', (request) => void request.pause());
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopping')), 200);
    const failure = await publishBlob(parts, large, stop.signal).catch((error: Error) => error.message);
    expect(failure).to.equal('stopping');
    await eventually('the store is left alone', () => store.streams.size === 0);
  });
});

/** A blob whose digest is one of a sample of a tenth, or not. */
function blobThat(isWanted: (isSample: boolean) => boolean): MadeBlob {
  for (;;) {
    const blob = makeBlob(200_000);
    const number = Number.parseInt(blob.digest.slice('sha256:'.length).slice(0, 8), 16);
    if (isWanted(number % 10 === 0)) return blob;
  }
}

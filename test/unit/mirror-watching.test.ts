/**
 * Promise: a worker vouches for a mirror only after a look at what it should hold. A mirror that was put back from a backup
 * and lacks only what was published last gets no clients, however long the log is.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import { firstLedger, type Ledger, mirrorLeases } from '../../services/registry/publishing/mirrors/ledger.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import { blobDataKey, publicationKey } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { Lease } from '../../services/sync/lease.ts';
import { MirrorSession, type WorkerParts } from '../../services/sync/mirror-session.ts';
import { watchHealth } from '../../services/sync/watch.ts';
import { eventually } from '../support/eventually.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NAME = 'near' as MirrorName;
const SIZE_BYTES = 3;
const BLOBS_PER_ENTRY = 3;
const QUIET = { info: () => undefined, warn: () => undefined } as unknown as WorkerParts['logger'];

const digestAt = (seq: number, i: number) => digestOf(Buffer.from(`${seq}.${i}`));
const blobsAt = (seq: number) => Array.from({ length: BLOBS_PER_ENTRY }, (_, i) => digestAt(seq, i));

/** A store whose log has so many entries. */
function storeWith(entries: number): MemoryStore {
  const objects = new MemoryStore();
  for (let seq = 1; seq <= entries; seq++) {
    const blobs = blobsAt(seq).map((digest) => ({ digest, sizeBytes: SIZE_BYTES }));
    const place = { source: { repository: 'a', reference: 'b' }, target: { repository: 'c', tag: 'd' } };
    const entry = { version: 1, seq, time: '2001-01-01T00:00:00Z', actor: 'x', kind: 'promotion', ...place };
    const all = { ...entry, manifestDigest: digestAt(seq, 0), collections: { default: blobs } };
    objects.hold(publicationKey(seq), JSON.stringify(all));
  }
  return objects;
}

/** A mirror that holds everything but these, and counts its requests. */
async function startMirror(held: AsyncDisposableStack) {
  const lost = new Set<string>();
  const mirror = { url: '', lost, asked: 0 };
  const server = createServer((request, response) => {
    mirror.asked++;
    const isLost = lost.has(request.url ?? '');
    if (isLost) response.writeHead(404).end();
    else response.writeHead(206, { 'Content-Range': `bytes 0-0/${SIZE_BYTES}` }).end('x');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  mirror.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  held.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return mirror;
}

interface SessionOptions {
  readonly objects: ObjectStore;
  readonly url: string;
  readonly watermark: number;
  readonly signal: AbortSignal;
  readonly now?: () => number;
}

/** The session of a worker that takes over from one whose heartbeat it has seen. */
async function takeOver({ objects, url, watermark, signal, now }: SessionOptions): Promise<MirrorSession> {
  const leases = mirrorLeases(objects, NAME);
  const ledger: Ledger = { ...firstLedger(undefined), watermark };
  const timing = { heartbeatMs: 1000, silenceMs: 10_000, lookMs: 1 };
  const before = await Lease.acquire(leases, () => ledger, signal, timing);
  let isOver = false;
  // It asks for the time when it has read the lease.
  const afterLook = () => {
    if (!isOver) void before.release((last) => last);
    isOver = true;
    return performance.now();
  };
  const next = await Lease.acquire(leases, firstLedger, signal, { ...timing, now: afterLook });
  expect(next.previousSeenAt, 'it saw the heartbeat move').to.be.a('number');
  const content = withPublications(contentOf(objects));
  const parts = { mirror: { name: NAME, url }, content, changes: new MemoryChanges(), logger: QUIET };
  return new MirrorSession(parts as unknown as WorkerParts, next, signal, now);
}

describe('a worker that watches a mirror', () => {
  const stop = new AbortController();
  const { signal } = stop;
  const held = new AsyncDisposableStack();
  after(async () => {
    stop.abort();
    await held.disposeAsync();
  });
  const loseEntry = (lost: Set<string>, seq: number) => {
    for (const digest of blobsAt(seq)) lost.add(`/${blobDataKey(digest)}`);
  };
  /** Makes it look again, now, and waits until it has written what it found. */
  const lookAgain = async (session: MirrorSession) => {
    const { beat } = session.ledger as Ledger & { beat: number };
    session.watching.notify();
    await eventually('it has looked', () => (session.ledger as Ledger & { beat: number }).beat > beat);
  };

  for (const entries of [26, 10_000])
    it(`finds within two probes that the newest of ${entries} entries is lost`, async () => {
      const mirror = await startMirror(held);
      const session = await takeOver({
        objects: storeWith(entries),
        ...{ url: mirror.url, watermark: entries, signal },
      });
      watchHealth(session).catch(() => undefined);
      await eventually('it is up', () => session.ledger.health.state === 'up');
      expect(session.crawlIsDue, 'it needs no crawl').to.equal(false);
      loseEntry(mirror.lost, entries);
      await lookAgain(session);
      if (session.ledger.health.state === 'up') await lookAgain(session);
      expect(session.ledger.health).to.include({ state: 'down' });
      expect(session.isHeldBack, 'it is crawled before it is used').to.equal(true);
    });

  for (const lostSeq of [26, 22])
    it(`begins with a look at the newest entries, before it vouches: it lacks ${lostSeq} of 26`, async () => {
      const mirror = await startMirror(held);
      loseEntry(mirror.lost, lostSeq);
      const objects = storeWith(26);
      const states: string[] = [];
      const watched = intercepted(objects, async ({ name, args, proceed }) => {
        if (name === 'put') states.push(JSON.parse(String(args[1])).health.state);
        return proceed();
      });
      const session = await takeOver({ objects: watched, url: mirror.url, watermark: 26, signal });
      watchHealth(session).catch(() => undefined);
      await eventually('it has looked', () => session.ledger.health.state !== 'unknown');
      expect(session.ledger.health).to.include({ state: 'down' });
      expect(states).not.to.include('up');
      expect(mirror.asked).to.be.within(2, 17);
      expect((await mirrorLeases(objects, NAME).read())?.value.heldBack, 'the next one knows').to.equal(true);
      expect(firstLedger(session.ledger).heldBack).to.equal(true);
    });

  describe('and was paused', () => {
    const up = { state: 'up', since: '2001-01-01T00:00:00Z' } as const;

    it('does not vouch again before it has looked again', async () => {
      let now = 0;
      const objects = storeWith(2);
      const session = await takeOver({ objects, url: '', watermark: 1, signal, now: () => now });
      session.lookedAt = now;
      await session.update(() => ({ health: up }));
      expect(session.ledger.health).to.deep.equal(up);
      now += 17_000;
      // As publishing does, which may wake before the watch.
      await session.update(() => ({ watermark: 2 }));
      expect(session.ledger).to.include({ watermark: 2 });
      expect(session.ledger.health).to.include({ state: 'unknown' });
      session.lookedAt = now;
      await session.update(() => ({ health: up }));
      expect(session.ledger.health).to.deep.equal(up);
    });

    it('in the midst of a write, says at once that it does not', async () => {
      let now = 0;
      const objects = storeWith(2);
      const paused = intercepted(objects, async ({ name, proceed }) => {
        if (name === 'put' && now === 1) now += 17_000;
        return proceed();
      });
      const session = await takeOver({ objects: paused, url: '', watermark: 1, signal, now: () => now });
      session.lookedAt = now;
      await session.update(() => ({ health: up }));
      now = 1;
      await session.update(() => ({ watermark: 2 }));
      expect((await mirrorLeases(objects, NAME).read())?.value.health).to.include({ state: 'unknown' });
    });
  });
});

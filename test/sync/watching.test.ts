/**
 * Promise: a worker vouches for a mirror only after a look at what it should hold. A mirror that was put back from a backup
 * and lacks only what was published last gets no clients, however long the log is.
 */
import { expect } from 'chai';
import type { MirrorSession } from '../../services/sync/mirrors/mirror-session.ts';
import { Probes } from '../../services/sync/mirrors/probes.ts';
import { watchHealth } from '../../services/sync/mirrors/watch.ts';
import { eventually } from '../support/eventually.ts';
import { blobsAt, NEAR, openSession, pathOf, startHeldMirror, storeWith } from './mirror-world.ts';

describe('a worker that watches a mirror', () => {
  const stop = new AbortController();
  const { signal } = stop;
  const held = new AsyncDisposableStack();
  after(async () => {
    stop.abort();
    await held.disposeAsync();
  });
  const loseEntry = (lost: Set<string>, seq: number) => {
    for (const digest of blobsAt(seq)) lost.add(pathOf(digest));
  };
  const lookAgain = (session: MirrorSession) => session.watching.notify();

  for (const entries of [26, 2000])
    it(`finds within two looks that the newest of ${entries} entries is lost`, async () => {
      const mirror = await startHeldMirror(held, entries);
      const objects = storeWith(entries);
      const { session } = await openSession({
        ...{ objects, url: mirror.url, signal, ledger: { watermark: entries } },
      });
      watchHealth(session).catch(() => undefined);
      await eventually('it is up', () => session.ledger.health.state === 'up');
      expect(session.crawlIsDue, 'it needs no crawl').to.equal(false);
      loseEntry(mirror.lost, entries);
      lookAgain(session);
      const isFound = () => session.ledger.missing.length > 0;
      await eventually('it is found', isFound, 2500);
      expect(session.ledger.confirmed, 'it is looked through before it is used').to.equal(0);
    });

  for (const lostSeq of [26, 22])
    it(`begins with a look at the newest entries, before it vouches: it lacks ${lostSeq} of 26`, async () => {
      const mirror = await startHeldMirror(held, 26);
      loseEntry(mirror.lost, lostSeq);
      const { session } = await openSession({
        ...{ objects: storeWith(26), url: mirror.url, signal, ledger: { watermark: 26 } },
      });
      watchHealth(session).catch(() => undefined);
      await eventually('it has looked', () => session.ledger.health.state !== 'unknown');
      expect(session.ledger.confirmed).to.equal(0);
      const missing = session.ledger.missing.map(({ digest }) => digest);
      expect(missing).to.not.deep.equal([]);
      expect(blobsAt(lostSeq)).to.include.members(missing);
      expect(session.ledger.missing[0]).to.include({ seq: lostSeq });
    });

  it('misses nothing at a mirror that has not been given the first entry yet', async () => {
    const mirror = await startHeldMirror(held, 0);
    const { session } = await openSession({
      ...{ objects: storeWith(2), url: mirror.url, signal, ledger: { watermark: 0 } },
    });
    const looks = new Probes(session);
    for (let i = 0; i < 6; i++) expect((await looks.look()).lost, `look ${i + 1}`).to.deep.equal([]);
  });

  it('loses one blob, and only that, when one of many is gone', async () => {
    const mirror = await startHeldMirror(held, 26);
    const { session } = await openSession({
      ...{ objects: storeWith(26), url: mirror.url, signal, ledger: { watermark: 26 } },
    });
    watchHealth(session).catch(() => undefined);
    await eventually('it is up', () => session.ledger.health.state === 'up');
    const [digest = ''] = blobsAt(26);
    mirror.lost.add(pathOf(digest));
    await eventually('it is missing', () => {
      lookAgain(session);
      return session.ledger.missing.length > 0;
    });
    expect(session.ledger.missing.map((each) => each.digest)).to.deep.equal([digest]);
    expect(session.ledger.missing[0]?.reason).to.include('404');
    expect(session.ledger.health.state).to.equal('up');
  });

  it('takes a mirror out with its first failure, and says why in words', async () => {
    const mirror = await startHeldMirror(held, 3);
    const { session } = await openSession({
      ...{ objects: storeWith(3), url: mirror.url, signal, ledger: { watermark: 3 } },
    });
    watchHealth(session).catch(() => undefined);
    await eventually('it is up', () => session.ledger.health.state === 'up');
    mirror.status = 503;
    lookAgain(session);
    await eventually('it is down', () => session.ledger.health.state === 'down');
    expect(session.ledger.health.reason).to.equal('its URL answers 503: it is not available now');
    mirror.status = undefined;
    await eventually('it is up again', () => {
      lookAgain(session);
      return session.ledger.health.state === 'up';
    });
  });

  describe('and was paused', () => {
    const up = { state: 'up', since: '2001-01-01T00:00:00Z' } as const;
    const open = async (onPut: () => void) => {
      const objects = storeWith(2);
      const clock = { now: 0 };
      const { put } = objects;
      objects.put = async (...args) => {
        onPut.call(clock);
        return put.apply(objects, args);
      };
      const world = await openSession({
        ...{ objects, url: '', signal, ledger: { watermark: 1 }, now: () => clock.now },
      });
      return { ...world, clock };
    };

    it('does not vouch again before it has looked again', async () => {
      const { session, keeper, clock, stored } = await open(() => undefined);
      const health = async () => {
        await keeper.write();
        return (await stored())?.mirrors[NEAR]?.health;
      };
      session.looked(clock.now);
      session.update({ health: up });
      expect(await health()).to.deep.equal(up);
      clock.now += 17_000;
      // As publishing does, which may wake before the watch.
      session.update({ watermark: 2 });
      expect(await health()).to.include({ state: 'unknown' });
      session.looked(clock.now);
      session.update({ health: up });
      expect(await health()).to.deep.equal(up);
    });

    it('in the midst of a write, says at once that it does not', async () => {
      let isPaused = false;
      const world = await open(function (this: { now: number } | undefined) {
        if (isPaused && this) this.now += 17_000;
        isPaused = false;
      });
      const { session, keeper, clock, stored } = world;
      session.looked(clock.now);
      session.update({ health: up });
      await keeper.write();
      isPaused = true;
      session.update({ watermark: 2 });
      await keeper.write();
      expect((await stored())?.mirrors[NEAR]?.health).to.include({ state: 'unknown' });
    });
  });
});

/** Promise: a lock is vouched for only while no other can have it, whatever becomes of Redis or of its holder. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { holding, refusal } from '../contract/locks.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { requires } from '../support/requirements.ts';
import { type Opened, openWorking } from './opened.ts';

const TTL_MS = 1000;
const TIMING = { ttlMs: TTL_MS, patienceMs: 10_000 };

requires(['redis-server', 'redis-cli'])('locks in Redis that are lost', () => {
  let server: RedisServer;
  let here: Opened;
  let there: Opened;
  beforeEach(async () => {
    server = await startRedis();
    here = await openWorking({ addr: server.address }, TIMING);
    there = await openWorking({ addr: server.address }, TIMING);
  });
  afterEach(async () => {
    for (const each of [here, there, server]) await each[Symbol.asyncDispose]();
  });

  it('with their holder are free when their time is over', async () => {
    const one = await holding(here.locks, 'a');
    here.connection[Symbol.dispose]();
    const startedAt = performance.now();
    await there.locks.withLock('a', async () => undefined);
    expect(performance.now() - startedAt).to.be.within(TTL_MS / 2, TTL_MS * 8);
    expect(one.signal.aborted).to.equal(true);
    expect(await refusal(one.release())).to.have.property('kind', 'UNAVAILABLE');
  });

  for (const [what, lose] of Object.entries<(server: RedisServer) => Promise<unknown>>({
    'because Redis was emptied': (redis) => redis.cli('FLUSHALL'),
    'because Redis was started anew': async (redis) => {
      await redis.signal('SIGKILL');
      await redis.start();
    },
    'because someone deleted them': (redis) => redis.cli('DEL', 'roadstead:{locks}:a'),
  }))
    it(`${what} are reported to their holder, and are nobody else's as long as they are certain`, async () => {
      const one = await holding(here.locks, 'a');
      await lose(server);
      let wasVouchedFor: boolean | undefined;
      const other = there.locks.withLock('a', async () => {
        wasVouchedFor = !one.signal.aborted;
      });
      await eventually(
        () => 'the signal',
        () => one.signal.aborted,
        5000,
      );
      expect(await refusal(one.release())).to.have.property('kind', 'UNAVAILABLE');
      await other;
      // A key that is taken out by hand is the one loss that Redis cannot know of.
      if (!what.includes('someone')) expect(wasVouchedFor).to.equal(false);
    });

  it('are what their holder hears of, whatever it failed with because of that', async () => {
    const acting = here.locks.withLock('a', async (signal) => {
      await server.cli('FLUSHALL');
      await eventually(
        () => 'the signal',
        () => signal.aborted,
        5000,
      );
      signal.throwIfAborted();
    });
    expect(await refusal(acting)).to.have.property('kind', 'UNAVAILABLE');
  });

  it('in the moment before they are given back are not acknowledged', async () => {
    const one = await holding(here.locks, 'a');
    // Quicker than a program that is started for it: the next renewal finds the loss.
    await there.connection.commands.flushall();
    expect(one.signal.aborted).to.equal(false);
    expect(await refusal(one.release())).to.have.property('kind', 'UNAVAILABLE');
  });

  it('while Redis hangs are given up before their time is over', async () => {
    const one = await holding(here.locks, 'a');
    await server.signal('SIGSTOP');
    // Timers that are late all at once still run in their order.
    const isTooLate = await Promise.race([
      once(one.signal, 'abort').then(() => false),
      sleep(TTL_MS * 0.95, true),
    ]);
    expect(isTooLate).to.equal(false);
    const ending = refusal(one.release());
    await server.signal('SIGCONT');
    expect(await ending).to.have.property('kind', 'UNAVAILABLE');
    await there.locks.withLock('a', async () => undefined);
  });

  it('by a process that was stopped itself are not acknowledged', async () => {
    const one = await holding(here.locks, 'a');
    const until = performance.now() + TTL_MS * 1.5;
    while (performance.now() < until);
    expect(await refusal(one.release())).to.have.property('kind', 'UNAVAILABLE');
  });

  it('cannot be had without Redis: UNAVAILABLE, in time, and again when it is back', async () => {
    await using impatient = await openWorking({ addr: server.address }, { ttlMs: 300, patienceMs: 500 });
    await server.signal('SIGKILL');
    const startedAt = performance.now();
    expect(await refusal(impatient.locks.withLock('a', async () => undefined))).to.have.property(
      'kind',
      'UNAVAILABLE',
    );
    expect(performance.now() - startedAt).to.be.within(400, 8000);
    expect(impatient.witness.failures.get('locks')).to.be.above(0);
    await server.start();
    expect(await here.locks.withLock('a', async () => 'held')).to.equal('held');
  });

  it('are never held twice, whatever happens to Redis and to connections', async function () {
    this.timeout(60_000);
    const inside = new Set<AbortSignal>();
    const told = { overlaps: 0, turns: 0, refused: 0 };
    const until = performance.now() + 8000;
    const work = async ({ locks }: Opened) => {
      while (performance.now() < until)
        try {
          await locks.withLock('a', async (signal) => {
            for (const other of inside) if (!other.aborted) told.overlaps++;
            inside.add(signal);
            // Whoever is told that its lock is gone stops.
            for (let i = Math.random() * 15; i > 0 && !signal.aborted; i--) await sleep(5);
            inside.delete(signal);
          });
          told.turns++;
        } catch {
          told.refused++;
          await sleep(5);
        }
    };
    const mishaps: (() => Promise<unknown>)[] = [
      () => server.cli('FLUSHALL'),
      () => server.cli('CLIENT', 'KILL', 'TYPE', 'normal'),
      async () => {
        await server.signal('SIGSTOP');
        await sleep(TTL_MS / 2);
        await server.signal('SIGCONT');
      },
      async () => {
        await server.signal('SIGKILL');
        await server.start();
      },
    ];
    const working = [here, there, here, there].map(work);
    for (const mishap of mishaps) {
      await sleep(700);
      await mishap();
    }
    await Promise.all(working);
    expect(told.overlaps).to.equal(0);
    expect(told.turns).to.be.above(20);
  });
});

import { describeAttempts } from '../contract/attempts.ts';
import { describeChanges } from '../contract/changes.ts';
import { describeLocks } from '../contract/locks.ts';
import { startCluster, startRedis, startSentinels } from '../support/redis.ts';
import { requires } from '../support/requirements.ts';
import { openWorking } from './opened.ts';

interface Found extends AsyncDisposable {
  readonly section: Readonly<Record<string, unknown>>;
}

/** Starts a kind of Redis; says how the configuration names it. */
const KINDS: Readonly<Record<string, () => Promise<Found>>> = {
  'over one Redis': async () => {
    const server = await startRedis();
    return {
      section: { addr: server.address, db: 2 },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  'over a Redis that Sentinels name': async () => {
    const { addresses, ...group } = await startSentinels('hunter2', 10_000);
    const section = { addrs: addresses, mastername: 'main', sentinelpassword: 'hunter2' };
    return { section, [Symbol.asyncDispose]: () => group[Symbol.asyncDispose]() };
  },
  'over a cluster': async () => {
    const cluster = await startCluster();
    return {
      section: { addrs: cluster.nodes.slice(0, 2).map(({ address }) => address) },
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  },
};

requires(['redis-server', 'redis-cli'])('Redis', () => {
  for (const [title, start] of Object.entries(KINDS)) {
    describeChanges(title, async () => {
      const found = await start();
      const [here, there] = [await openWorking(found.section), await openWorking(found.section)];
      return { here: here.changes, there: there.changes, [Symbol.asyncDispose]: closing(here, there, found) };
    });

    describeAttempts(title, async () => {
      const found = await start();
      const [here, there] = [await openWorking(found.section), await openWorking(found.section)];
      return {
        here: here.attempts,
        there: there.attempts,
        // Redis counts whole seconds.
        shortestMs: 1000,
        [Symbol.asyncDispose]: closing(here, there, found),
      };
    });

    describeLocks(title, async () => {
      const found = await start();
      // A process that is held up for less than a lease lasts must not lose it.
      const timing = { ttlMs: 4000, patienceMs: 900 };
      const [here, there] = [
        await openWorking(found.section, timing),
        await openWorking(found.section, timing),
      ];
      // A Redis that was just started gives no locks until those that it may have forgotten have run out.
      await new Promise((resolve) => setTimeout(resolve, timing.ttlMs));
      return {
        ...{ here: here.locks, there: there.locks, patienceMs: timing.patienceMs, leaseMs: timing.ttlMs },
        [Symbol.asyncDispose]: closing(here, there, found),
      };
    });
  }
});

function closing(...opened: readonly AsyncDisposable[]): () => Promise<void> {
  return async () => {
    for (const each of opened) await each[Symbol.asyncDispose]();
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptCounts } from '../registry/access/attempts.ts';
import type { Log } from '../registry/runtime/log.ts';
import type { Changes } from '../registry/storage/changes.ts';
import type { Locks } from '../registry/storage/locks.ts';
import { RedisAttempts } from './attempts.ts';
import { RedisChanges } from './changes.ts';
import { connect } from './connect.ts';
import { RedisHealth, type RedisHooks } from './health.ts';
import { RedisLocks } from './locks.ts';
import type { RedisSettings } from './settings.ts';

/** How long a start waits for Redis to answer. */
const START_WAIT_MS = 1000;

/** What Redis is used for. */
export interface OpenRedis extends AsyncDisposable {
  readonly changes: Changes;
  readonly locks: Locks;
  readonly attempts: AttemptCounts;
}

/**
 * Changes, locks and counts over Redis. A Redis that is down or refuses the login does not prevent a start: that is logged,
 * the connection is retried, and until then only locks are unavailable. Throws for unreadable certificates.
 */
export async function openRedis(settings: RedisSettings, logger: Log, hooks: RedisHooks): Promise<OpenRedis> {
  const health = new RedisHealth(settings, logger, hooks);
  const connection = await connect(settings, health);
  // Channels, unlike keys, are the same in every database.
  const changes = new RedisChanges(connection, `${settings.prefix}changes:${settings.database}`, health);
  const locks = new RedisLocks(connection, settings, health);
  const attempts = new RedisAttempts(connection, settings, health);
  const waiting = new AbortController();
  await Promise.race([
    health.known,
    sleep(START_WAIT_MS, undefined, { signal: waiting.signal }).catch(() => undefined),
  ]);
  waiting.abort();
  return {
    changes,
    locks,
    attempts,
    async [Symbol.asyncDispose]() {
      changes[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}

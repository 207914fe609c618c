import { RedisSection } from '../../services/config/sections/redis.ts';
import { RedisAttempts } from '../../services/redis/attempts.ts';
import { RedisChanges, type RedisChangesTiming } from '../../services/redis/changes.ts';
import { connect, type RedisConnection } from '../../services/redis/connect.ts';
import { RedisHealth, type RedisUse } from '../../services/redis/health.ts';
import { RedisLocks, type RedisLocksOptions } from '../../services/redis/locks.ts';
import type { RedisSettings } from '../../services/redis/settings.ts';
import { eventually } from '../support/eventually.ts';

/** Settings of a section of the configuration. */
export function settingsOf(section: Readonly<Record<string, unknown>>): RedisSettings {
  const settings = RedisSection.parse(section);
  if (settings === undefined) throw new Error('the section names no Redis');
  return settings;
}

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What is logged and counted of a Redis. */
export class Witness {
  readonly lines: Line[] = [];
  readonly failures = new Map<RedisUse, number>();
  isUp = false;
  readonly logger = {
    info: this.#write('info'),
    warn: this.#write('warn'),
    error: this.#write('error'),
  };
  readonly hooks = {
    up: (_mode: string, isUp: boolean) => {
      this.isUp = isUp;
    },
    failed: (use: RedisUse) => void this.failures.set(use, (this.failures.get(use) ?? 0) + 1),
  };

  #write(level: string) {
    return (fields: Record<string, unknown>, message: string) =>
      void this.lines.push({ level, message, fields });
  }
}

/** A process's end of a Redis, with its parts in reach. */
export interface Opened extends AsyncDisposable {
  readonly connection: RedisConnection;
  readonly changes: RedisChanges;
  readonly locks: RedisLocks;
  readonly attempts: RedisAttempts;
  readonly witness: Witness;
}

/** As `openRedis` does it, but for what tests want to see. */
export async function openParts(
  section: Readonly<Record<string, unknown>>,
  timing: Omit<RedisLocksOptions, 'prefix'> & RedisChangesTiming = {},
): Promise<Opened> {
  const settings = settingsOf(section);
  const witness = new Witness();
  const health = new RedisHealth(settings, witness.logger, witness.hooks);
  const connection = await connect(settings, health);
  const channel = `${settings.prefix}changes:${settings.database}`;
  const changes = new RedisChanges(connection, channel, health, timing);
  const locks = new RedisLocks(connection, { prefix: settings.prefix, ...timing }, health);
  const attempts = new RedisAttempts(connection, settings, health);
  return {
    ...{ connection, changes, locks, attempts, witness },
    async [Symbol.asyncDispose]() {
      changes[Symbol.dispose]();
      connection[Symbol.dispose]();
    },
  };
}

/** {@link openParts}, once it works. */
export async function openWorking(...args: Parameters<typeof openParts>): Promise<Opened> {
  const opened = await openParts(...args);
  await eventually(
    () => opened.witness.lines,
    () => opened.witness.isUp,
  );
  return opened;
}

/** Counts how often a process hears that it may have missed something. */
export function resyncsOf({ changes }: Pick<Opened, 'changes'>): { count: number } {
  const seen = { count: 0 };
  changes.subscribe((change) => {
    if (change.kind === 'resync') seen.count++;
  });
  return seen;
}

import type { Log } from '../registry/runtime/log.ts';
import { messageOf } from '../registry/runtime/message-of.ts';
import type { RedisServers, RedisSettings } from './settings.ts';

/** A use of Redis; the label of its errors. */
export type RedisUse = 'connection' | 'changes' | 'message' | 'locks' | 'attempts';

/** Receives the state of Redis; `services/serve/redis-state.ts` turns it into metrics. */
export interface RedisHooks {
  /** Redis is (again) up, or down: why, as far as known, without secrets. */
  up(mode: RedisServers['kind'], isUp: boolean, reason?: string): void;
  failed(use: RedisUse): void;
}

/** The same state for another reason is logged again at most this often. */
const REASON_PAUSE_MS = 60_000;

/** Whether Redis can be used; logged when that changes. */
export class RedisHealth {
  readonly #mode: RedisServers['kind'];
  readonly #secrets: readonly string[];
  readonly #logger: Log;
  readonly #hooks: RedisHooks;
  #isUp: boolean | undefined;
  #reason = '';
  #loggedAt = Number.NEGATIVE_INFINITY;
  readonly #known = Promise.withResolvers<void>();

  constructor(settings: RedisSettings, logger: Log, hooks: RedisHooks) {
    const { servers, password } = settings;
    this.#mode = servers.kind;
    const ofSentinels = servers.kind === 'sentinel' ? servers.password : undefined;
    this.#secrets = [password, ofSentinels].filter((text) => text !== undefined && text !== '') as string[];
    this.#logger = logger;
    this.#hooks = hooks;
    hooks.up(this.#mode, false);
  }

  /** Settles when Redis has answered or failed for the first time. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** Redis just worked, from end to end. */
  up(): void {
    if (this.#isUp) return;
    this.#logger.info({ redis: this.#mode }, this.#isUp === undefined ? 'Redis is up' : 'Redis is up again');
    this.#isUp = true;
    this.#loggedAt = Number.NEGATIVE_INFINITY;
    this.#hooks.up(this.#mode, true);
    this.#known.resolve();
  }

  /** Redis does not work, and why, as far as known. */
  down(error: unknown): void {
    const reason = this.#reasonOf(error);
    const isNew =
      this.#isUp !== false ||
      (reason !== this.#reason && performance.now() - this.#loggedAt > REASON_PAUSE_MS) ||
      (isRefusal(reason) && !isRefusal(this.#reason));
    if (isNew) {
      this.#loggedAt = performance.now();
      this.#reason = reason;
      this.#log(reason);
    }
    this.#isUp = false;
    this.#hooks.up(this.#mode, false, reason);
    this.#known.resolve();
  }

  /** Counts a failure that need not mean that Redis is down. */
  failed(use: RedisUse): void {
    this.#hooks.failed(use);
  }

  #log(reason: string): void {
    const fields = { redis: this.#mode, reason };
    // A configuration mistake, which needs the operator; clients are still served.
    if (isRefusal(reason))
      this.#logger.error(
        fields,
        'Redis refuses the login: check users and passwords in the section redis; continuing without it',
      );
    else this.#logger.warn(fields, 'Redis does not answer; continuing without it');
  }

  /** Only an error's message: ioredis attaches the command with all arguments, including passwords. */
  #reasonOf(error: unknown): string {
    const own = messageOf(error);
    const { lastNodeError } = error as { lastNodeError?: unknown };
    let text = lastNodeError instanceof Error ? `${own} ${lastNodeError.message}` : own;
    for (const secret of this.#secrets) text = text.replaceAll(secret, '(not shown)');
    return text.slice(0, 300);
  }
}

function isRefusal(reason: string): boolean {
  return /\b(?:WRONGPASS|NOAUTH|NOPERM|ERR AUTH|invalid password)\b/.test(reason);
}

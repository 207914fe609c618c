import { MemoryChanges } from '../memory/changes.ts';
import type { Change, Changes } from '../registry/storage/changes.ts';
import type { RedisConnection } from './connect.ts';
import { Gaps } from './gaps.ts';
import type { RedisHealth } from './health.ts';
import { encodeMessage, parseMessage } from './message.ts';

/** Default heartbeat of every process, and so how soon a lost message is noticed. */
const HEARTBEAT_MS = 1000;
/** A process that has not received its own messages for this long receives none. */
const DEAF_MS = 3 * HEARTBEAT_MS;
/** Messages that arrive out of order arrive within this time. */
const OVERTAKING_MS = 100;
/** Caches are dropped at most this often, by default. */
const RESYNC_PAUSE_MS = 1000;
/** Measured by `test/redis/staleness.test.ts`: 99 of 100 changes are known in half this time. */
const SETTLE_MS = 100;
/** Messages under way at once; those beyond are lost, and noticed as lost. */
const UNDER_WAY_MAX = 1000;

export interface RedisChangesTiming {
  /** How often a process repeats its number. */
  readonly heartbeatMs?: number;
  /** The shortest time between two `resync`. */
  readonly resyncPauseMs?: number;
}

/**
 * Publishes changes to the processes of a registry over a channel of Redis, and to listeners of this process at once.
 * Nothing waits for Redis. Lost messages are noticed, since each author numbers its messages and repeats its number once a
 * second; listeners that may have missed one get `resync`.
 */
export class RedisChanges implements Changes, Disposable {
  readonly settleMs = SETTLE_MS;
  readonly #connection: RedisConnection;
  readonly #channel: string;
  readonly #health: RedisHealth;
  readonly #resyncPauseMs: number;
  readonly #local = new MemoryChanges();
  readonly #gaps = new Gaps();
  readonly #from = crypto.randomUUID();
  readonly #heartbeat: NodeJS.Timeout;
  #seq = 0;
  #underWay = 0;
  /** Why the last message could not be sent. */
  #failure: unknown;
  #hasSubscribed = false;
  #heardAt = performance.now();
  #checking: NodeJS.Timeout | undefined;
  #resyncing: NodeJS.Timeout | undefined;
  #resyncedAt = Number.NEGATIVE_INFINITY;

  constructor(
    connection: RedisConnection,
    channel: string,
    health: RedisHealth,
    { heartbeatMs = HEARTBEAT_MS, resyncPauseMs = RESYNC_PAUSE_MS }: RedisChangesTiming = {},
  ) {
    this.#connection = connection;
    this.#channel = channel;
    this.#health = health;
    this.#resyncPauseMs = resyncPauseMs;
    const { commands, subscriber } = connection;
    subscriber.on('ready', () => void this.#listen());
    if (subscriber !== commands) commands.on('ready', () => this.#send());
    subscriber.on('message', (_channel: string, text: string) => this.#hear(text));
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
  }

  publish(change: Change): void {
    this.#local.publish(change);
    this.#send(change);
  }

  subscribe(listener: (change: Change) => void): () => void {
    return this.#local.subscribe(listener);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#checking);
    clearTimeout(this.#resyncing);
  }

  /** Sends a change or a heartbeat without waiting: others notice the missing number of a lost one. */
  #send(change?: Change): void {
    const seq = ++this.#seq;
    if (this.#underWay >= UNDER_WAY_MAX) {
      this.#health.failed('changes');
      return;
    }
    this.#underWay++;
    this.#connection.commands
      .publish(this.#channel, encodeMessage({ from: this.#from, seq, change }))
      .catch((error: unknown) => {
        this.#health.failed('changes');
        this.#failure = error;
      })
      .finally(() => this.#underWay--);
  }

  #beat(): void {
    this.#send();
    if (performance.now() - this.#heardAt < DEAF_MS) return;
    const { subscriber } = this.#connection;
    if (subscriber.status !== 'ready') return;
    // Connected, and nothing arrives: a frozen server, a broken network, a missing permission.
    this.#health.failed('changes');
    this.#health.down(this.#failure ?? 'its messages do not arrive');
    this.#heardAt = performance.now();
    subscriber.disconnect(true);
  }

  async #listen(): Promise<void> {
    try {
      await this.#connection.subscriber.subscribe(this.#channel);
    } catch (error) {
      // The heartbeat notices that nothing arrives, and reconnects.
      this.#health.failed('changes');
      this.#health.down(error);
      return;
    }
    if (this.#hasSubscribed) this.#resync();
    this.#hasSubscribed = true;
    // Otherwise it is sent when that connection is ready.
    if (this.#connection.commands.status === 'ready') this.#send();
  }

  #hear(text: string): void {
    const message = parseMessage(text);
    if (message === undefined) {
      this.#health.failed('message');
      return;
    }
    const { from, seq, change } = message;
    if (from === this.#from) {
      this.#heardAt = performance.now();
      this.#failure = undefined;
      this.#health.up();
    } else if (change?.kind === 'resync') this.#resync();
    else if (change) this.#local.publish(change);
    if (this.#gaps.heard(from, seq)) this.#checkSoon();
  }

  #checkSoon(): void {
    this.#checking ??= setTimeout(() => {
      this.#checking = undefined;
      if (this.#gaps.take()) this.#resync();
    }, OVERTAKING_MS);
  }

  /** Notifies local listeners that they may have missed something; merges calls close together. */
  #resync(): void {
    const waitMs = this.#resyncedAt + this.#resyncPauseMs - performance.now();
    this.#resyncing ??= setTimeout(
      () => {
        this.#resyncing = undefined;
        this.#resyncedAt = performance.now();
        this.#local.publish({ kind: 'resync' });
      },
      Math.max(0, waitMs),
    );
  }
}

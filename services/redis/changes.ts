import { MemoryChanges } from '../memory/changes.ts';
import type { Change, Changes } from '../registry/storage/changes.ts';
import type { RedisConnection } from './connect.ts';
import { Gaps } from './gaps.ts';
import type { RedisHealth } from './health.ts';
import { encodeMessage, parseMessage } from './message.ts';

/** How often every process says that it lives: so soon a lost message is noticed. */
const BEAT_MS = 1000;
/** Whoever has not heard itself for so long is deaf. */
const DEAF_MS = 3 * BEAT_MS;
/** A message that another one overtook comes within that. */
const OVERTAKING_MS = 100;
/** Caches are not dropped more often than that, whatever happens. */
const RESYNC_PAUSE_MS = 1000;
/** Measured by `test/redis/staleness.test.ts`: 99 of 100 changes are known in half of it. */
const SETTLE_MS = 100;
/** Messages under way at once; what is beyond is lost, and noticed as that. */
const UNDER_WAY_MAX = 1000;

/**
 * Tells the processes of a registry of each other's changes, over a channel of Redis; those of this process at once.
 * Nobody waits for Redis. Where messages were lost, on either side, all who may have missed one hear `resync`: every
 * message has its author's number, and a silent author repeats its own once a second.
 */
export class RedisChanges implements Changes, Disposable {
  readonly settleMs = SETTLE_MS;
  readonly #connection: RedisConnection;
  readonly #channel: string;
  readonly #health: RedisHealth;
  readonly #local = new MemoryChanges();
  readonly #gaps = new Gaps();
  readonly #from = crypto.randomUUID();
  readonly #beating: NodeJS.Timeout;
  #seq = 0;
  #underWay = 0;
  /** Why the last message that could not be sent could not. */
  #failure: unknown;
  #hasSubscribed = false;
  #heardAt = performance.now();
  #checking: NodeJS.Timeout | undefined;
  #resyncing: NodeJS.Timeout | undefined;
  #resyncedAt = Number.NEGATIVE_INFINITY;

  constructor(connection: RedisConnection, channel: string, health: RedisHealth) {
    this.#connection = connection;
    this.#channel = channel;
    this.#health = health;
    const { commands, subscriber } = connection;
    subscriber.on('ready', () => void this.#listen());
    if (subscriber !== commands) commands.on('ready', () => this.#send());
    subscriber.on('message', (_channel: string, text: string) => this.#hear(text));
    this.#beating = setInterval(() => this.#beat(), BEAT_MS);
    this.#beating.unref();
  }

  publish(change: Change): void {
    this.#local.publish(change);
    this.#send(change);
  }

  subscribe(listener: (change: Change) => void): () => void {
    return this.#local.subscribe(listener);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beating);
    clearTimeout(this.#checking);
    clearTimeout(this.#resyncing);
  }

  /** Sends a change, or a sign of life, and forgets about it: a number that does not arrive tells the others enough. */
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
    // The connection stands, and nothing comes: a frozen server, a network that has forgotten us, a right that we lack.
    this.#health.failed('changes');
    this.#health.down(this.#failure ?? 'its messages do not arrive');
    this.#heardAt = performance.now();
    subscriber.disconnect(true);
  }

  async #listen(): Promise<void> {
    try {
      await this.#connection.subscriber.subscribe(this.#channel);
    } catch (error) {
      // The beat notices that nothing comes, and connects anew.
      this.#health.failed('changes');
      this.#health.down(error);
      return;
    }
    if (this.#hasSubscribed) this.#resync();
    this.#hasSubscribed = true;
    this.#send();
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

  /** Tells the listeners here that they may have missed something; several such moments close together are one. */
  #resync(): void {
    const waitMs = this.#resyncedAt + RESYNC_PAUSE_MS - performance.now();
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

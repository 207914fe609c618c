import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../runtime/log.ts';
import { Poll } from '../../runtime/poll.ts';
import { Shared } from '../../runtime/shared.ts';
import type { Numbered } from '../../storage/numbered.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { parseKey, type StoredKey, storedKeys } from './stored-key.ts';

/** How often the keys are read. A key has to be known for longer than this before it signs. */
export const KEYS_POLL_MS = 5000;
/** Least time between two reads for tokens with an unknown key: anyone can write such tokens. */
const REFRESH_MIN_MS = 1000;

/**
 * The keys that sign our tokens, as this node knows them: read from the store in the background, so that no request
 * waits for it.
 */
export class KeyRing implements AsyncDisposable {
  readonly #stored: Numbered;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #listeners: (() => void)[] = [];
  #keys: ReadonlyMap<string, StoredKey> = new Map();
  #revoked: readonly StoredKey[] = [];
  #lastSeq = 0;
  readonly #broken = new Set<string>();
  readonly #reading = new Shared(() =>
    this.#read().finally(() => {
      this.#readAt = performance.now();
    }),
  );
  readonly #refreshing = new Shared(() => this.#refresh());
  #readAt = Number.NEGATIVE_INFINITY;
  #poll: Poll | undefined;

  private constructor(objects: ObjectStore, log: Log) {
    this.#stored = storedKeys(objects);
    this.#log = log;
  }

  /** Reads the keys once, then every {@link KEYS_POLL_MS} until disposed. */
  static async start(objects: ObjectStore, log: Log): Promise<KeyRing> {
    const ring = new KeyRing(objects, log);
    await ring.read();
    ring.#poll = new Poll({
      act: () => ring.read(),
      ...{ everyMs: KEYS_POLL_MS, isFirstDone: true },
      ...{ log, failure: 'cannot look for new token signing keys; trying again' },
    });
    return ring;
  }

  /** Oldest first: the last one that may sign already does. */
  get keys(): readonly StoredKey[] {
    return [...this.#keys.values()];
  }

  /** The number of the newest key, even if that key cannot be read. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Keys that a newer one has made void, and that are still in the store. */
  get revoked(): readonly StoredKey[] {
    return this.#revoked;
  }

  find(kid: string): StoredKey | undefined {
    return this.#keys.get(kid);
  }

  /**
   * Reads as soon as the rate limit permits, for a token with an unknown key. Concurrent callers share one read, which
   * begins after they asked: it finds every key made before.
   */
  refresh(): Promise<void> {
    return this.#refreshing.run();
  }

  /** Reads the keys now. Throws what the store throws; the known keys stay. */
  read(): Promise<void> {
    return this.#reading.run();
  }

  /** Calls `listener` after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#poll?.[Symbol.asyncDispose]();
  }

  async #refresh(): Promise<void> {
    await this.#reading.running;
    const { signal } = this.#stop;
    const waitMs = this.#readAt + REFRESH_MIN_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal, ref: false });
    await this.read();
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop;
    const known = new Map([...this.#keys.values(), ...this.#revoked].map((key) => [key.seq, key]));
    const revoked: StoredKey[] = [];
    const keys: StoredKey[] = [];
    let lastSeq = 0;
    for await (const seq of this.#stored.numbers(signal)) {
      lastSeq = seq;
      // A key never changes.
      const found = known.get(seq) ?? (await this.#load(seq));
      if (found?.revokesOlder) revoked.push(...keys.splice(0));
      if (found) keys.push(found);
    }
    const changed = keys.length !== this.#keys.size || keys.some(({ kid }) => !this.#keys.has(kid));
    this.#revoked = revoked;
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
    this.#lastSeq = lastSeq;
    if (changed) for (const listener of this.#listeners) listener();
  }

  /** A key that cannot be read must not hide the others. */
  async #load(seq: number): Promise<StoredKey | undefined> {
    const bytes = await this.#stored.read(seq, this.#stop.signal);
    if (bytes === undefined) return undefined;
    try {
      return parseKey(seq, bytes);
    } catch (error) {
      const key = this.#stored.keyOf(seq);
      if (!this.#broken.has(key)) this.#log.error({ err: error, key }, 'a token signing key cannot be read');
      this.#broken.add(key);
      return undefined;
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../runtime/log.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import { KEY_MAX_BYTES, KEYS_PREFIX, parseKey, type StoredKey, seqOfKey } from './stored-key.ts';

/** How often the keys are read: a new key must be in the store for longer before it signs. */
export const KEYS_POLL_MS = 5000;
/** A token with an unknown key makes a node read the keys at once, but at most this often: anyone can make such tokens. */
const REFRESH_MIN_MS = 1000;

/**
 * The keys that our tokens are signed with, as this node knows them: polled from the store, so that no request waits
 * for it.
 */
export class KeyRing implements AsyncDisposable {
  readonly #objects: ObjectStore;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #listeners: (() => void)[] = [];
  #keys: ReadonlyMap<string, StoredKey> = new Map();
  #lastSeq = 0;
  readonly #broken = new Set<string>();
  #reading: Promise<void> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  private constructor(objects: ObjectStore, log: Log) {
    this.#objects = objects;
    this.#log = log;
  }

  /** Reads the keys once, then polls until disposed. */
  static async start(objects: ObjectStore, log: Log): Promise<KeyRing> {
    const ring = new KeyRing(objects, log);
    await ring.read();
    ring.#following = ring.#follow();
    return ring;
  }

  /** Oldest first: the last one that may sign already does. */
  get keys(): readonly StoredKey[] {
    return [...this.#keys.values()];
  }

  /** The number of the newest key, even of one that cannot be read. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  find(kid: string): StoredKey | undefined {
    return this.#keys.get(kid);
  }

  /**
   * Reads the keys as soon as allowed, for a token with an unknown key. Concurrent callers share one read, which begins
   * after they called, so that it finds every key made before.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Reads the keys now. Throws what the store throws; known keys are kept. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
      this.#readAt = performance.now();
    });
    return this.#reading;
  }

  /** Calls `listener` after every change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #refresh(): Promise<void> {
    await this.#reading;
    const { signal } = this.#stop;
    const waitMs = this.#readAt + REFRESH_MIN_MS - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal, ref: false });
    await this.read();
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop;
    const known = new Map([...this.#keys.values()].map((key) => [key.seq, key]));
    const keys = new Map<string, StoredKey>();
    let changed = false;
    let lastSeq = 0;
    for await (const { key } of listAll(this.#objects, { prefix: KEYS_PREFIX }, signal)) {
      const seq = seqOfKey(key);
      if (seq === undefined) continue;
      lastSeq = seq;
      // A key never changes.
      const found = known.get(seq) ?? (await this.#load(key, seq));
      changed ||= found !== undefined && !known.has(seq);
      if (found) keys.set(found.kid, found);
    }
    changed ||= keys.size !== this.#keys.size;
    this.#keys = keys;
    this.#lastSeq = lastSeq;
    if (changed) for (const listener of this.#listeners) listener();
  }

  /** A key that cannot be read must not hide the others. */
  async #load(key: string, seq: number): Promise<StoredKey | undefined> {
    const bytes = await this.#objects.read(key, KEY_MAX_BYTES, this.#stop.signal);
    if (bytes === undefined) return undefined;
    try {
      return parseKey(seq, bytes);
    } catch (error) {
      if (!this.#broken.has(key)) this.#log.error({ err: error, key }, 'a token signing key cannot be read');
      this.#broken.add(key);
      return undefined;
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    let isFailing = false;
    while (!signal.aborted) {
      await sleep(KEYS_POLL_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.read();
        isFailing = false;
      } catch (error) {
        if (!isFailing && !signal.aborted)
          this.#log.warn({ err: error }, 'cannot look for new token signing keys; trying again');
        isFailing = true;
      }
    }
  }
}

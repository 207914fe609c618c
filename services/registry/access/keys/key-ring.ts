import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../runtime/log.ts';
import type { Numbered } from '../../storage/numbered.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { parseKey, type StoredKey, storedKeys } from './stored-key.ts';

/** So often the keys are looked at: a key has to be known for longer before it signs. */
export const KEYS_POLL_MS = 5000;
/** Tokens by an unknown key make a node look at once, but no oftener than this: anyone can write such tokens. */
const REFRESH_MIN_MS = 1000;

/**
 * The keys by which our tokens are signed, as this node knows them: read from the store again and again, so that no
 * request waits for it.
 */
export class KeyRing implements AsyncDisposable {
  readonly #stored: Numbered;
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
    this.#stored = storedKeys(objects);
    this.#log = log;
  }

  /** Looks once, then goes on looking until disposed. */
  static async start(objects: ObjectStore, log: Log): Promise<KeyRing> {
    const ring = new KeyRing(objects, log);
    await ring.read();
    ring.#following = ring.#follow();
    return ring;
  }

  /** Oldest first: the last that may sign already does. */
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
   * Looks as soon as that may be: what a token by an unknown key is worth. All who ask meanwhile wait for the same look,
   * which begins after they asked, so that a key which was made before is found.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Looks now. Throws what the store throws; what was known stays so. */
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
    for await (const seq of this.#stored.numbers(signal)) {
      lastSeq = seq;
      // Nothing in a key ever changes.
      const found = known.get(seq) ?? (await this.#load(seq));
      changed ||= found !== undefined && !known.has(seq);
      if (found) keys.set(found.kid, found);
    }
    changed ||= keys.size !== this.#keys.size;
    this.#keys = keys;
    this.#lastSeq = lastSeq;
    if (changed) for (const listener of this.#listeners) listener();
  }

  /** One that cannot be read must not keep the others from being known. */
  async #load(seq: number): Promise<StoredKey | undefined> {
    const bytes = await this.#stored.read(seq, this.#stop.signal);
    if (bytes === undefined) return undefined;
    try {
      return parseKey(seq, bytes);
    } catch (error) {
      const key = this.#stored.keyOf(seq);
      if (!this.#broken.has(key)) this.#log.error({ err: error, key }, 'a key of tokens cannot be read');
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
          this.#log.warn({ err: error }, 'cannot look for new keys of tokens; trying again');
        isFailing = true;
      }
    }
  }
}

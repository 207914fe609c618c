import type { z } from 'zod';
import { listAll, type ObjectStore } from './object-store.ts';

const READ_MAX_BYTES = 1024 * 1024;

/** What a worker tells of itself, and the term under which it does. */
export interface Held<T> {
  readonly term: number;
  readonly value: T;
}

/**
 * Who of many workers works, decided by the store alone: a term is an object `<prefix><number>.json`, taken over by the
 * conditional create of the next number. Each worker writes only under its own, so one that was thought dead and comes
 * back writes where nobody looks any more (docs/decisions/0004-mirror-ledger-terms.md).
 */
export class Terms<T> {
  readonly #objects: ObjectStore;
  readonly #prefix: string;
  readonly #schema: z.ZodType<T>;

  constructor(objects: ObjectStore, prefix: string, schema: z.ZodType<T>) {
    this.#objects = objects;
    this.#prefix = prefix;
    this.#schema = schema;
  }

  /** The newest term, and what its worker told last. */
  async read(signal?: AbortSignal): Promise<Held<T> | undefined> {
    let newest: string | undefined;
    for await (const { key } of listAll(this.#objects, { prefix: this.#prefix }, signal)) newest = key;
    if (newest === undefined) return undefined;
    const bytes = await this.#objects.read(newest, READ_MAX_BYTES, signal);
    // A successor deletes older terms: between the list and the read it may have done so.
    if (bytes === undefined) return this.read(signal);
    const term = Number(newest.slice(this.#prefix.length, -'.json'.length));
    return { term, value: this.#schema.parse(JSON.parse(bytes.toString('utf8'))) };
  }

  /** Takes the next term over from `previous`. Undefined when another worker was faster. */
  async acquire(previous: Held<T> | undefined, value: T): Promise<Held<T> | undefined> {
    const term = (previous?.term ?? 0) + 1;
    const key = this.#key(term);
    if ((await this.#objects.putIfAbsent(key, encode(value))) === 'exists') return undefined;
    const older: string[] = [];
    for await (const entry of listAll(this.#objects, { prefix: this.#prefix }))
      if (entry.key < key) older.push(entry.key);
    await this.#objects.delete(older);
    return { term, value };
  }

  /** Writes under the worker's own term. False when a successor has taken over: stop working then. */
  async write({ term, value }: Held<T>): Promise<boolean> {
    const own = this.#key(term);
    const later = await this.#objects.list({ prefix: this.#prefix, startAfter: own, limit: 1 });
    if (later.keys.length > 0) return false;
    // Durable although it says nothing new: half of it, after a power cut, would keep every worker from starting.
    await this.#objects.put(own, encode(value));
    return true;
  }

  #key(term: number): string {
    return `${this.#prefix}${String(term).padStart(10, '0')}.json`;
  }
}

function encode(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}

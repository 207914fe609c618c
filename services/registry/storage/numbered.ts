import { deleteAll } from './delete-all.ts';
import { type CreateOptions, listAll, type ObjectStore, type PutOptions } from './object-store.ts';

/** A number as keys contain it: padded to `width` digits, so that keys sort in the order of their numbers. */
export const padded = (number: number, width: number): string => String(number).padStart(width, '0');

/** Where numbered objects lie, and how large one may be. */
export interface NumberedLayout {
  readonly prefix: string;
  /** The key of a number, below the prefix; made with {@link padded}. */
  readonly keyOf: (number: number) => string;
  /** A key with a larger number is not one of these. @default any number */
  readonly numberMax?: number;
  readonly maxBytes: number;
}

/** One of the objects, with its number. */
interface NumberedObject {
  readonly number: number;
  readonly bytes: Buffer;
}

/**
 * Objects numbered from 1, coordinated by the store alone: the conditional create of a number succeeds for exactly one
 * of those that race for it. Where the highest number counts, lower ones may be deleted.
 */
export class Numbered {
  readonly #objects: ObjectStore;
  readonly #layout: NumberedLayout;

  constructor(objects: ObjectStore, layout: NumberedLayout) {
    this.#objects = objects;
    this.#layout = layout;
  }

  keyOf(number: number): string {
    return this.#layout.keyOf(number);
  }

  /** The number of a key; undefined for a key of anything else. */
  numberOf(key: string): number | undefined {
    const { numberMax = Number.MAX_SAFE_INTEGER } = this.#layout;
    const number = Number(/(\d+)\D*$/.exec(key)?.[1]);
    return number > 0 && number <= numberMax && key === this.keyOf(number) ? number : undefined;
  }

  async has(number: number, signal?: AbortSignal): Promise<boolean> {
    return (await this.#objects.stat(this.keyOf(number), signal)) !== undefined;
  }

  async read(number: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    return this.#objects.read(this.keyOf(number), this.#layout.maxBytes, signal);
  }

  /** Creates the object with this number; of any number of racers, exactly one gets `created`. */
  async putIfAbsent(
    number: number,
    bytes: Buffer,
    { signal, ...options }: CreateOptions & { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<'created' | 'exists'> {
    return this.#objects.putIfAbsent(this.keyOf(number), bytes, signal, options);
  }

  /** Writes an object whose number belongs to the caller. */
  async overwrite(number: number, bytes: Buffer, options: PutOptions = {}): Promise<void> {
    await this.#objects.put(this.keyOf(number), bytes, options);
  }

  /** The numbers that a listing shows, in order, from the one after `after`. Keys of anything else are skipped. */
  async *numbers(signal?: AbortSignal, after = 0): AsyncGenerator<number> {
    const request = { prefix: this.#layout.prefix, ...(after > 0 && { startAfter: this.keyOf(after) }) };
    for await (const { key } of listAll(this.#objects, request, signal)) {
      const number = this.numberOf(key);
      if (number !== undefined) yield number;
    }
  }

  /** The object with the highest number after `after`, found by listing. */
  async newest(signal?: AbortSignal, after = 0): Promise<NumberedObject | undefined> {
    for (;;) {
      let number = 0;
      for await (const later of this.numbers(signal, after)) number = later;
      if (number === 0) return undefined;
      const bytes = await this.read(number, signal);
      if (bytes) return { number, bytes };
      // Between the list and the read, the writer of a higher number has deleted this one.
    }
  }

  /** Deletes what the object with this number supersedes; returns how many objects that were. */
  async deleteBelow(number: number, signal?: AbortSignal): Promise<number> {
    return await deleteAll(this.#objects, this.#keysBelow(number, signal), { signal });
  }

  async *#keysBelow(number: number, signal?: AbortSignal): AsyncGenerator<string> {
    for await (const lower of this.numbers(signal)) {
      if (lower >= number) return;
      yield this.keyOf(lower);
    }
  }

  /**
   * The highest number of a sequence without gaps; 0 for an empty one. Found by doubling and halving, never by
   * listing. All numbers up to `from` must be known to exist. Costs one request if nothing was added since, otherwise a
   * number of requests that grows with the logarithm of what was added.
   */
  async end(from = 0, signal?: AbortSignal): Promise<number> {
    let low = from;
    let step = 1;
    while (await this.has(low + step, signal)) {
      low += step;
      step *= 2;
    }
    // low exists, low + step does not: halve the gap.
    for (let high = low + step; high - low > 1; ) {
      const middle = low + Math.floor((high - low) / 2);
      if (await this.has(middle, signal)) low = middle;
      else high = middle;
    }
    return low;
  }
}

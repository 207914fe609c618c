import { freshName } from '../../content/quarantine/keys.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { listAll } from '../../storage/object-store.ts';
import { encodeFact, type Fact, openSegment, sealSegment } from './facts.ts';

/** No segment is larger, but for one fact more. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** A segment that may be read: one manifest can weigh as much as a segment. */
const SEGMENT_MAX_BYTES = 4 * SEGMENT_BYTES;
/** So many segments that are small, or hold what is of no use any more, are worth making into fewer. */
const WASTEFUL_MAX = 8;

/**
 * What manifests refer to, in a few large objects. Facts are true for ever, and each segment vouches for itself: one
 * that is lost or damaged is read from the manifests again, one that stands there twice does no harm, and whoever
 * writes at the same time adds nothing wrong.
 */
export class FactStore {
  readonly #objects: ObjectStore;
  readonly #prefix: string;
  readonly #signal: AbortSignal | undefined;
  readonly #isWritable: boolean;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Segments to be made into fewer, with what of them is of use. */
  readonly #wasteful: { readonly key: string; readonly useful: readonly Buffer[] }[] = [];

  /** Writes nothing unless `isWritable`. */
  constructor(objects: ObjectStore, prefix: string, isWritable: boolean, signal?: AbortSignal) {
    this.#objects = objects;
    this.#prefix = prefix;
    this.#isWritable = isWritable;
    this.#signal = signal;
  }

  /** Every fact: those in the store, and those that wait to be stored; `isUseful` tells which to keep. */
  async *read(isUseful: (fact: Fact) => boolean = () => true): AsyncGenerator<Fact> {
    this.#wasteful.length = 0;
    for await (const { key } of listAll(this.#objects, { prefix: this.#prefix }, this.#signal)) {
      const bytes = await this.#objects.read(key, SEGMENT_MAX_BYTES, this.#signal).catch(() => undefined);
      const facts = bytes && openSegment(bytes);
      if (bytes === undefined || facts === undefined) {
        this.#wasteful.push({ key, useful: [] });
        continue;
      }
      const useful: Buffer[] = [];
      let usefulBytes = 0;
      for (const fact of facts) {
        yield fact;
        if (!isUseful(fact)) continue;
        const encoded = encodeFact(fact);
        useful.push(encoded);
        usefulBytes += encoded.length;
      }
      const isWasteful = usefulBytes < bytes.length / 2 || bytes.length < SEGMENT_BYTES / 4;
      if (isWasteful && this.#wasteful.length < WASTEFUL_MAX) this.#wasteful.push({ key, useful });
    }
    yield* openSegment(sealSegment(this.#pending)) ?? [];
  }

  /** Adds a fact; it is stored when enough have gathered, or by {@link flush}. */
  async add(fact: Fact): Promise<void> {
    const encoded = encodeFact(fact);
    this.#pending.push(encoded);
    this.#pendingBytes += encoded.length;
    if (this.#pendingBytes >= SEGMENT_BYTES && this.#isWritable) await this.flush();
  }

  /** Stores what has gathered. */
  async flush(): Promise<void> {
    if (this.#pending.length === 0 || !this.#isWritable) return;
    const segment = sealSegment(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.#objects.put(`${this.#prefix}${freshName(Date.now())}`, segment);
  }

  /** Makes segments that waste room into fewer, after a whole {@link read}. */
  async compact(): Promise<void> {
    if (!this.#isWritable) return;
    const useless = this.#wasteful.filter(({ useful }) => useful.length === 0);
    const old = this.#wasteful.length >= WASTEFUL_MAX ? this.#wasteful : useless;
    if (old.length === 0) return;
    for (const encoded of old.flatMap(({ useful }) => useful)) {
      this.#pending.push(encoded);
      this.#pendingBytes += encoded.length;
      if (this.#pendingBytes >= SEGMENT_BYTES) await this.flush();
    }
    await this.flush();
    await this.#objects.delete(old.map(({ key }) => key));
  }
}

import { freshName } from '../content/quarantine/keys.ts';
import type { CollectorReader } from './collector-reader.ts';
import { decodeReferences, encodeReference, openSegment, type Reference, sealSegment } from './references.ts';

/** No segment is larger, but for the references of one manifest. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** A segment that may be read: one manifest can weigh as much as a segment. */
const SEGMENT_MAX_BYTES = 4 * SEGMENT_BYTES;
/** This many segments that are small, or hold what is no longer useful, are worth merging. */
const WASTEFUL_MAX = 8;

/**
 * What manifests refer to, in a few large objects. References never change, and each segment vouches for itself: one
 * that is lost or damaged is read from the manifests again, one that is stored twice does no harm, and a process that
 * writes at the same time adds nothing wrong.
 */
export class ReferenceIndex {
  readonly #reader: CollectorReader;
  /** Where segments are stored; undefined for an index in memory alone. */
  readonly #prefix: string | undefined;
  /** False for an index that stores nothing. */
  readonly isWritable: boolean;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Segments to be merged, with what of them is useful. */
  readonly #wasteful: { readonly key: string; readonly useful: readonly Buffer[] }[] = [];

  /** Writes nothing unless `isWritable`. */
  constructor(reader: CollectorReader, prefix?: string, isWritable = false) {
    this.#reader = reader;
    this.#prefix = prefix;
    this.isWritable = isWritable;
  }

  /** All references: the stored ones, and those that wait to be stored; `isUseful` says which to keep. */
  async *read(isUseful: (reference: Reference) => boolean = () => true): AsyncGenerator<Reference> {
    yield* this.#readSegments(isUseful);
    for (const encoded of this.#pending) yield* decodeReferences(encoded);
  }

  async *#readSegments(isUseful: (reference: Reference) => boolean): AsyncGenerator<Reference> {
    if (this.#prefix === undefined) return;
    this.#wasteful.length = 0;
    const { objects, signal } = this.#reader;
    for await (const key of this.#reader.keys(this.#prefix)) {
      const bytes = await objects.read(key, SEGMENT_MAX_BYTES, signal).catch(() => undefined);
      const references = bytes && openSegment(bytes);
      if (bytes === undefined || references === undefined) {
        this.#wasteful.push({ key, useful: [] });
        continue;
      }
      const useful: Buffer[] = [];
      let usefulBytes = 0;
      for (const reference of references) {
        yield reference;
        if (!isUseful(reference)) continue;
        const encoded = encodeReference(reference);
        useful.push(encoded);
        usefulBytes += encoded.length;
      }
      const isWasteful = usefulBytes < bytes.length / 2 || bytes.length < SEGMENT_BYTES / 4;
      if (isWasteful && this.#wasteful.length < WASTEFUL_MAX) this.#wasteful.push({ key, useful });
    }
  }

  /** Adds references; they are stored when enough have gathered, or by {@link store}. */
  async add(reference: Reference): Promise<void> {
    await this.#addEncoded(encodeReference(reference));
  }

  /** Stores what has gathered, and merges segments that waste room; after a whole {@link read}. */
  async store(): Promise<void> {
    if (!this.isWritable) return;
    await this.#flush();
    const useless = this.#wasteful.filter(({ useful }) => useful.length === 0);
    const old = this.#wasteful.length >= WASTEFUL_MAX ? this.#wasteful : useless;
    if (old.length === 0) return;
    for (const encoded of old.flatMap(({ useful }) => useful)) await this.#addEncoded(encoded);
    await this.#flush();
    await this.#reader.objects.delete(old.map(({ key }) => key));
  }

  async #addEncoded(encoded: Buffer): Promise<void> {
    this.#pending.push(encoded);
    this.#pendingBytes += encoded.length;
    if (this.#pendingBytes >= SEGMENT_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0 || !this.isWritable) return;
    const segment = sealSegment(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    await this.#reader.objects.put(`${this.#prefix}${freshName(Date.now())}`, segment);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { pMapIterable } from 'p-map';
import { type Digest, digestOfStream, Hasher, isDigest } from '../oci/digest.ts';
import { listAll, type ObjectStat, type ObjectStore, type Unlisted } from '../storage/object-store.ts';
import { listingBy } from '../storage/unlisted.ts';
import type { Finding } from './finding.ts';

const LINK_MAX_BYTES = 1024;
const LOOKS_AT_ONCE = 32;
const HASHES_AT_ONCE = 4;
/** What writes take to be complete, twice over. */
const PAUSE_MS = 100;
/** A store with so much amiss is not one that others are writing to at the moment: no more pauses. */
const PAUSES_MAX = 1000;
/** Bounds memory; one is enough to make the check fail. */
const UNLISTED_MAX = 10_000;

/** Reads a store, never writes, and counts what it reads. */
export class Look {
  readonly objects: ObjectStore;
  readonly #signal: AbortSignal | undefined;
  /** Objects read or asked for, and bytes read. */
  objectsRead = 0;
  bytesRead = 0;
  /** What is being looked at, for people who wait. */
  area = '';
  #pauses = 0;

  /** What listings could not show, by key; the newest last. */
  readonly unlisted = new Map<string, Unlisted>();

  constructor(objects: ObjectStore, signal?: AbortSignal) {
    const onUnlisted = (entry: Unlisted) => {
      if (this.unlisted.size < UNLISTED_MAX) this.unlisted.set(entry.key, entry);
    };
    this.objects = listingBy(objects, (request, abort) => objects.list({ ...request, onUnlisted }, abort));
    this.#signal = signal;
  }

  async *keys(prefix: string): AsyncGenerator<string> {
    for await (const { key } of listAll(this.objects, { prefix }, this.#signal)) yield key;
  }

  /** Keys and common prefixes (ending in `/`) right below a prefix. */
  async *below(prefix: string): AsyncGenerator<string> {
    for await (const { key } of listAll(this.objects, { prefix, delimiter: '/' }, this.#signal)) yield key;
  }

  stat(key: string): Promise<ObjectStat | undefined> {
    this.objectsRead++;
    return this.objects.stat(key, this.#signal);
  }

  /** A small object; `too-large` says what it is, where others throw. */
  async read(key: string, limitBytes: number): Promise<Buffer | 'too-large' | undefined> {
    this.objectsRead++;
    try {
      const bytes = await this.objects.read(key, limitBytes, this.#signal);
      this.bytesRead += bytes?.length ?? 0;
      return bytes;
    } catch (error) {
      const stat = await this.objects.stat(key, this.#signal);
      if (stat && stat.sizeBytes > limitBytes) return 'too-large';
      throw error;
    }
  }

  /** What a link holds. */
  async link(key: string): Promise<Digest | 'malformed' | undefined> {
    const bytes = await this.read(key, LINK_MAX_BYTES);
    if (bytes === undefined) return undefined;
    const text = bytes === 'too-large' ? '' : bytes.toString('utf8').trim();
    return isDigest(text) ? text : 'malformed';
  }

  /** The digest of an object's bytes, read in pieces. */
  async digest(key: string, like: Digest): Promise<Digest | undefined> {
    this.objectsRead++;
    const read = await this.objects.get(key, undefined, this.#signal);
    if (read === undefined) return undefined;
    this.bytesRead += read.sizeBytes;
    if (like.startsWith('sha256:')) return (await digestOfStream(read.body)).digest;
    const hasher = new Hasher('sha512');
    for await (const chunk of read.body) hasher.update(chunk as Buffer);
    return hasher.digests().requestedDigest;
  }

  /**
   * Looks at each of many things, a bounded number at once. Where anything is amiss it looks once more, a moment
   * later: what another process is writing just now is no finding.
   */
  async *each<T>(
    things: AsyncIterable<T>,
    look: (thing: T) => Promise<Finding[]>,
    reads: 'small' | 'whole' = 'small',
  ): AsyncGenerator<Finding> {
    const concurrency = reads === 'small' ? LOOKS_AT_ONCE : HASHES_AT_ONCE;
    const looked = pMapIterable(things, (thing) => this.twice(() => look(thing)), { concurrency });
    for await (const findings of looked) yield* findings;
  }

  /** {@link each}, for one thing. */
  async twice(look: () => Promise<Finding[]>): Promise<Finding[]> {
    this.#signal?.throwIfAborted();
    const first = await look();
    if (first.every(({ severity }) => severity === 'info')) return first;
    if (this.#pauses++ < PAUSES_MAX) await sleep(PAUSE_MS);
    return look();
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { pMapIterable } from 'p-map';
import { algorithmOf, type Digest, Hasher } from '../oci/digest.ts';
import { StoreReader } from '../storage/store-reader.ts';
import type { Finding } from './finding.ts';

const LOOKS_AT_ONCE = 32;
const HASHES_AT_ONCE = 4;
/** What writes take to be complete, twice over. */
const PAUSE_MS = 100;
/** After this many second looks, stop pausing: a store with this many findings is damaged, not busy. */
const PAUSES_MAX = 1000;

/** Reads a store that others may write to: where anything is amiss it looks twice. */
export class CheckReader extends StoreReader {
  /** What is being looked at, for people who wait. */
  area = '';
  #pauses = 0;

  /** The digest of an object's bytes, read in pieces. */
  async digest(key: string, like: Digest): Promise<Digest | undefined> {
    this.objectsRead++;
    const read = await this.objects.get(key, undefined, this.signal);
    if (read === undefined) return undefined;
    this.bytesRead += read.sizeBytes;
    const hasher = new Hasher(algorithmOf(like));
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
    this.signal?.throwIfAborted();
    const first = await look();
    if (first.every(({ severity }) => severity === 'info')) return first;
    if (this.#pauses++ < PAUSES_MAX) await sleep(PAUSE_MS);
    return look();
  }
}

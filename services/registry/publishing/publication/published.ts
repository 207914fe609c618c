import pMap from 'p-map';
import type { Sha256Digest } from '../../oci/digest.ts';
import { publicationNumberKey } from '../../storage/layout.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { blobsOf, DEFAULT_COLLECTION, type Publication } from './entry.ts';

const READS_AT_ONCE = 16;

/**
 * Publication numbers, one small object a blob, derived from the log so that asking for one costs one read, whatever
 * the log's length. Each writer of an entry first completes the records of the entry before it, so only the
 * newest entry can lack some, after a crash; a blob without its record counts as unpublished, which is always safe.
 */
export class PublishedBlobs {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** The number of the entry that published this blob; undefined when none did. */
  async number(digest: Sha256Digest): Promise<number | undefined> {
    const bytes = await this.#objects.read(publicationNumberKey(DEFAULT_COLLECTION, digest), 64);
    if (bytes === undefined) return undefined;
    const seq = Number(bytes.toString('ascii'));
    if (!Number.isSafeInteger(seq) || seq < 1)
      throw new Error(`the publication number of ${digest} is malformed`);
    return seq;
  }

  /** The numbers of those of these blobs that are published. */
  async numbers(blobs: readonly { readonly digest: Sha256Digest }[]): Promise<Map<Sha256Digest, number>> {
    const digests = [...new Set(blobs.map((blob) => blob.digest))];
    const numbers = await pMap(digests, (digest) => this.number(digest), { concurrency: READS_AT_ONCE });
    return new Map(
      digests.flatMap((digest, i) => {
        const number = numbers[i];
        return number === undefined ? [] : [[digest, number] as const];
      }),
    );
  }

  /** Writes the records of an entry; what is there already stays, so anyone may repeat it. */
  async record(entry: Publication): Promise<void> {
    for (const collection of Object.keys(entry.collections))
      for (const { digest } of blobsOf(entry, collection))
        await this.#objects.putIfAbsent(
          publicationNumberKey(collection, digest),
          Buffer.from(String(entry.seq)),
        );
  }
}

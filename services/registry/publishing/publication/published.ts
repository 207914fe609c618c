import pMap from 'p-map';
import type { Sha256Digest } from '../../oci/digest.ts';
import { isRepositoryName, type RepositoryName } from '../../oci/names.ts';
import { laterPublisherKey, laterPublishersPrefix, publicationNumberKey } from '../../storage/layout.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { blobsOf, DEFAULT_COLLECTION, type Publication } from './entry.ts';

const READS_AT_ONCE = 16;
/** One page of a listing. A blob of more repositories is public by one of these, or counts as closed. */
const PUBLISHERS_MAX = 1000;
const NOTHING = Buffer.alloc(0);

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

  /**
   * Notes that a repository publishes blobs that are published already: the entry will not name them. Written before the
   * entry is appended, as nobody could complete it later; true by itself, as the repository has the blobs by then.
   */
  async recordAgain(repository: RepositoryName, blobs: Iterable<Sha256Digest>): Promise<void> {
    const record = async (digest: Sha256Digest) => {
      const key = laterPublisherKey(DEFAULT_COLLECTION, digest, repository);
      // A repository mostly publishes again what it has published itself, and a look is cheaper than a write.
      if ((await this.#objects.stat(key)) === undefined) await this.#objects.putIfAbsent(key, NOTHING);
    };
    await pMap(blobs, record, { concurrency: READS_AT_ONCE });
  }

  /** The repositories that published a blob after it had its number; {@link PUBLISHERS_MAX} of them at most. */
  async laterPublishers(digest: Sha256Digest): Promise<RepositoryName[]> {
    const prefix = laterPublishersPrefix(DEFAULT_COLLECTION, digest);
    const { keys } = await this.#objects.list({ prefix, limit: PUBLISHERS_MAX });
    return keys.map((key) => key.slice(prefix.length, -'/_'.length)).filter(isRepositoryName);
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

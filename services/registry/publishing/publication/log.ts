import { RegistryError } from '../../oci/errors.ts';
import { parseRepositoryName } from '../../oci/names.ts';
import { encodeJson, parseJson } from '../../storage/json.ts';
import { PUBLICATIONS_PREFIX, publicationKey } from '../../storage/layout.ts';
import { Numbered } from '../../storage/numbered.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import {
  DEFAULT_COLLECTION,
  PUBLICATION_MAX_BYTES,
  type Publication,
  type PublicationDraft,
  PublicationSchema,
  type PublishedBlob,
} from './entry.ts';
import type { PublishedBlobs } from './published.ts';

const ENTRIES = {
  prefix: PUBLICATIONS_PREFIX,
  keyOf: publicationKey,
  // Twelve digits: an object with a longer number is a stray, and not the head of the log.
  numberMax: 999_999_999_999,
  maxBytes: PUBLICATION_MAX_BYTES,
};

/** The entries of the publication log, as objects. */
export function storedEntries(objects: ObjectStore): Numbered {
  return new Numbered(objects, ENTRIES);
}

/**
 * The publication log: `roadstead/publications/<seq>.json`, numbered from 1 without gaps. The conditional create of
 * the next number is the only coordination: of appenders that race, on any nodes, one gets it and the others
 * look again.
 */
export class PublicationLog {
  readonly #entries: Numbered;
  readonly #published: PublishedBlobs;
  /** The highest number seen; the log only grows. */
  #seen = 0;

  constructor(objects: ObjectStore, published: PublishedBlobs) {
    this.#entries = storedEntries(objects);
    this.#published = published;
  }

  /** The entry with this number, if it was appended. */
  async read(seq: number, signal?: AbortSignal): Promise<Publication | undefined> {
    const bytes = await this.#entries.read(seq, signal);
    if (bytes === undefined) return undefined;
    if (seq > this.#seen) this.#seen = seq;
    return parseJson(PublicationSchema, bytes);
  }

  /** The number of the newest entry; 0 for an empty log. Costs one read when nothing was appended since. */
  async head(signal?: AbortSignal): Promise<number> {
    const head = await this.#entries.end(this.#seen, signal);
    this.#seen = Math.max(this.#seen, head);
    return head;
  }

  /**
   * Appends an entry that publishes those of `blobs` (each listed once) that no earlier entry published; of the others it
   * is noted that this repository publishes them, too. When it returns, the entry is durable and its publication numbers are
   * recorded.
   */
  async append(
    draft: PublicationDraft,
    blobs: readonly PublishedBlob[],
    signal?: AbortSignal,
  ): Promise<Publication> {
    for (;;) {
      signal?.throwIfAborted();
      const head = await this.head(signal);
      const newest = head > 0 ? await this.read(head, signal) : undefined;
      if (newest) await this.#published.record(newest);
      const numbers = await this.#published.numbers(blobs);
      await this.#published.recordAgain(parseRepositoryName(draft.target.repository), numbers.keys());
      const fresh = blobs.filter((blob) => !numbers.has(blob.digest));
      const entry: Publication = {
        version: 1,
        seq: head + 1,
        time: new Date().toISOString(),
        ...draft,
        collections: { [DEFAULT_COLLECTION]: fresh.map(({ digest, sizeBytes }) => ({ digest, sizeBytes })) },
      };
      const bytes = encodeJson(entry);
      // An entry that cannot be read would be the log's last.
      if (bytes.length > PUBLICATION_MAX_BYTES)
        throw new RegistryError('MANIFEST_INVALID', 'the image has too many blobs for one publication');
      if ((await this.#entries.putIfAbsent(entry.seq, bytes, { signal })) === 'exists') continue;
      await this.#published.record(entry);
      this.#seen = Math.max(this.#seen, entry.seq);
      return entry;
    }
  }
}

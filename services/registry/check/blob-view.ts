import type { Sha256Digest } from '../oci/digest.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { blobDataKey } from '../storage/layout.ts';
import type { CheckReader } from './check-reader.ts';

/**
 * The stored blobs: their sizes, and which of them anything refers to. What was found once is remembered, in a
 * {@link DigestTable}; what was not found is asked for again, so a blob that came after the listing is seen.
 */
export class BlobView {
  readonly #reader: CheckReader;
  /** Twice the size, and one more where the blob is in use. */
  readonly #known = new DigestTable();

  constructor(reader: CheckReader) {
    this.#reader = reader;
  }

  /** Records a blob that a listing showed. */
  found(digest: Sha256Digest, sizeBytes: number): void {
    this.#known.set(digest, sizeBytes * 2);
  }

  /** The blob's size; undefined where it has no bytes. */
  async sizeBytes(digest: Sha256Digest): Promise<number | undefined> {
    const known = this.#known.get(digest);
    if (known !== undefined) return Math.floor(known / 2);
    const stat = await this.#reader.stat(blobDataKey(digest));
    if (stat) this.found(digest, stat.sizeBytes);
    return stat?.sizeBytes;
  }

  /** Records that something refers to the blob. */
  use(digest: Sha256Digest): void {
    const known = this.#known.get(digest);
    if (known !== undefined && known % 2 === 0) this.#known.set(digest, known + 1);
  }

  /** The blobs to which no reference was recorded. */
  *unused(): Generator<{ digest: Sha256Digest; sizeBytes: number }> {
    for (const [digest, known] of this.#known.entries())
      if (known % 2 === 0) yield { digest, sizeBytes: known / 2 };
  }
}

import type { Sha256Digest } from '../../registry/oci/digest.ts';

/** A blob that a mirror should hold. */
export interface WantedBlob {
  readonly digest: Sha256Digest;
  readonly sizeBytes: number;
}

/**
 * A way to write to a mirror. A mirror is a static file server: blobs under the registry's own paths, nothing else. What it
 * holds is read where clients read it, not here. A new way is a new file next to this one and a line in `open-target.ts`.
 */
export interface MirrorTarget extends AsyncDisposable {
  /**
   * Makes a blob visible under its path atomically; replaces what was there. Throws a WriteRefused when the mirror does not
   * take it, and what `body` throws.
   */
  write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void>;
  /** Removes what writes that were interrupted left behind before this time. */
  sweep(olderThanMs: number, signal: AbortSignal): Promise<void>;
}

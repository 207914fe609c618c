import type { Sha256Digest } from '../../registry/oci/digest.ts';

/** A blob that a mirror should hold. */
export interface WantedBlob {
  readonly digest: Sha256Digest;
  readonly sizeBytes: number;
}

/**
 * A way to write to a mirror. A mirror is a static file server: blobs under the registry's own paths, nothing else. A new
 * way is a new file next to this one and a line in `open-target.ts`.
 */
export interface MirrorTarget extends AsyncDisposable {
  /** Makes a blob visible under its path atomically; replaces what was there. */
  write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void>;
  /** Reads the mirror's copy to its end and compares size and SHA-256. */
  verify(blob: WantedBlob, signal: AbortSignal): Promise<'good' | 'bad' | 'absent'>;
  /** Whether a file of the right size exists: cheap enough for every blob. */
  has(blob: WantedBlob, signal: AbortSignal): Promise<boolean>;
}

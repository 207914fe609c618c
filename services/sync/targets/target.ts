import type { Sha256Digest } from '../../registry/oci/digest.ts';

/** A blob that a mirror should hold. */
export interface WantedBlob {
  readonly digest: Sha256Digest;
  readonly sizeBytes: number;
}

/**
 * A way to write to a mirror. A mirror is a static file server: blobs under the registry's own path for them,
 * nothing else. A new way to reach one is a new file beside this one and a line in `open-target.ts`.
 */
export interface MirrorTarget extends AsyncDisposable {
  /** Makes a blob visible under its path, whole or not at all; what was there is replaced. */
  write(blob: WantedBlob, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void>;
  /** Reads the mirror's copy to its end and compares size and SHA-256. */
  verify(blob: WantedBlob, signal: AbortSignal): Promise<'good' | 'bad' | 'absent'>;
  /** Whether something of the right size is there: cheap enough to ask of every blob. */
  has(blob: WantedBlob, signal: AbortSignal): Promise<boolean>;
}

import { createHash } from 'node:crypto';

/** The algorithms that the OCI image specification registers. */
export type Algorithm = 'sha256' | 'sha512';

/** The digest of bytes, by other means than the registry's. */
export function digestBy(algorithm: Algorithm, bytes: Uint8Array): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** {@link digestBy} SHA-256. */
export function sha256(bytes: Uint8Array): string {
  return digestBy('sha256', bytes);
}

/** {@link digestBy} SHA-512. */
export function sha512(bytes: Uint8Array): string {
  return digestBy('sha512', bytes);
}

/** A SHA-256 digest's digits. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

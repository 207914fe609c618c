import { createHash } from 'node:crypto';
import { RegistryError } from './errors.ts';

declare const brand: unique symbol;
declare const canonical: unique symbol;

/** The algorithms that the OCI image specification registers ("Digests"). */
export type Algorithm = 'sha256' | 'sha512';

/** A content address as clients may give it, `sha256:<64 lower-case hex>` or `sha512:<128>`; see {@link parseDigest}. */
export type Digest = string & { readonly [brand]: 'Digest' };

/**
 * The canonical digest of content, under which its bytes are stored: SHA-256, as in Distribution. The digest of another
 * algorithm is a second name (docs/decisions/0018-content-named-by-other-algorithms.md).
 */
export type Sha256Digest = Digest & { readonly [canonical]: true };

const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

/** True when `text` is a digest that this registry can address content by. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** True when `text` is a canonical digest. */
export function isSha256(text: string): text is Sha256Digest {
  return text.startsWith('sha256:') && DIGEST.test(text);
}

/** Parses a digest or throws DIGEST_INVALID, saying what was expected. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError(
    'DIGEST_INVALID',
    'a digest looks like sha256:<64 lower-case hexadecimal digits> or sha512:<128>',
    { digest: text.slice(0, 200) },
  );
}

/** {@link parseDigest}, for places where only canonical digests are allowed. */
export function parseSha256(text: string): Sha256Digest {
  const digest = parseDigest(text);
  if (isSha256(digest)) return digest;
  throw new RegistryError('DIGEST_INVALID', 'only a sha256 digest names stored content here', { digest });
}

/** The algorithm of a digest. */
export function algorithmOf(digest: Digest): Algorithm {
  return isSha256(digest) ? 'sha256' : 'sha512';
}

/** The hexadecimal digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The SHA-256 digest of bytes that are in memory. */
export function digestOf(bytes: Uint8Array): Sha256Digest {
  return digestBy('sha256', bytes) as Sha256Digest;
}

/** The digest of bytes that are in memory, by any algorithm. */
export function digestBy(algorithm: Algorithm, bytes: Uint8Array): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** Hashes bytes as they pass. */
export class Hasher {
  readonly #sha256 = createHash('sha256');
  readonly #sha512;
  sizeBytes = 0;

  /** SHA-256 always, as it will be the canonical digest; SHA-512 too when the client names the bytes so. */
  constructor(algorithm: Algorithm = 'sha256') {
    this.#sha512 = algorithm === 'sha512' ? createHash('sha512') : undefined;
  }

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#sha512?.update(chunk);
    this.sizeBytes += chunk.length;
  }

  /** To be called once, after the last byte: the canonical digest, and the one by the client's algorithm. */
  digests(): { readonly canonicalDigest: Sha256Digest; readonly requestedDigest: Digest } {
    const canonicalDigest = `sha256:${this.#sha256.digest('hex')}` as Sha256Digest;
    if (!this.#sha512) return { canonicalDigest, requestedDigest: canonicalDigest };
    return { canonicalDigest, requestedDigest: `sha512:${this.#sha512.digest('hex')}` as Digest };
  }
}

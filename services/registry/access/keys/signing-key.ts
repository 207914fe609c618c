import type { KeyObject } from 'node:crypto';

/** Signatures by which our own tokens are signed (RFC 7518). */
export const TOKEN_ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** A key that tokens can be signed with. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly privateKey: KeyObject;
  /** Its certificate first, then those of who signed that: DER in base64, for the header `x5c`. */
  readonly certificates?: readonly string[] | undefined;
}

/** Somebody who signs tokens. */
export interface Signer extends AsyncDisposable {
  /** The key to sign with now. Throws UNAVAILABLE when there is none. */
  current(): SigningKey;
  /** Every key by which tokens of this service can be checked now. */
  readonly publicKeys: readonly PublishedKey[];
}

/** A key as everyone may know it. */
export interface PublishedKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly publicKey: KeyObject;
}

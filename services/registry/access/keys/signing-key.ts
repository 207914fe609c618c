import type { KeyObject } from 'node:crypto';

/** Signature algorithms of our own tokens (RFC 7518). */
export const TOKEN_ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** A key that tokens can be signed with. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly privateKey: KeyObject;
  /** Its certificate, then those of the authorities above it: DER in base64, for the header `x5c`. */
  readonly certificates?: readonly string[] | undefined;
}

/** Signs tokens. */
export interface Signer extends AsyncDisposable {
  /** The key to sign with now. Throws UNAVAILABLE when there is none. */
  current(): SigningKey;
  /** Every key that verifies tokens of this service now. */
  readonly publicKeys: readonly PublishedKey[];
}

/** The public part of a key. */
export interface PublishedKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly publicKey: KeyObject;
}

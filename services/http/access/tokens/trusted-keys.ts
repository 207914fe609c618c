import type { KeyObject } from 'node:crypto';

/** A key whose tokens are believed, and the algorithms that it may have signed them by: never those of another type. */
export interface TrustedKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

/** The keys of whoever may sign our tokens, in memory: nothing is asked of anybody to find one. */
export interface TrustedKeys {
  /** By the `kid` of a token's header. */
  find(kid: string): TrustedKey | undefined;
  /** The key of a header's certificates (`x5c`), if they lead to one that is trusted; without it, none ever do. */
  findCertified?(certificates: readonly string[]): TrustedKey | undefined;
  /** Looks whether there are new keys, where that may be; soon done, and not done each time that it is asked. */
  refresh?(): Promise<void>;
  /** Calls `listener` after keys came or went. */
  onChange(listener: () => void): void;
}

const BY_CURVE: Readonly<Record<string, string>> = {
  ...{ prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' },
};
const OF_RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
/** NIST SP 800-131A; jose refuses smaller ones, too. */
const RSA_MIN_BITS = 2048;

/** Trusts a public key for what its type can sign; undefined when no token can be signed by it. */
export function trusted(key: KeyObject): TrustedKey | undefined {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec': {
      const algorithm = BY_CURVE[namedCurve];
      return algorithm === undefined ? undefined : { key, algorithms: [algorithm] };
    }
    case 'rsa':
      return modulusLength < RSA_MIN_BITS ? undefined : { key, algorithms: OF_RSA };
    case 'ed25519':
      return { key, algorithms: ['EdDSA'] };
    default:
      return undefined;
  }
}

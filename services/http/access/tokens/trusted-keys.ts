import type { KeyObject } from 'node:crypto';
import type { KeyRing } from '../../../registry/access/keys/key-ring.ts';

/** A trusted key, and the algorithms it may sign tokens with: never those of another type of key. */
export interface TrustedKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

/** The keys that may sign our tokens, in memory: looking one up never waits. */
export interface TrustedKeys {
  /** By the `kid` of a token's header. */
  find(kid: string): TrustedKey | undefined;
  /** The key of a header's certificates (`x5c`), if they lead to a trusted one; absent where certificates are not accepted. */
  findCertified?(certificates: readonly string[]): TrustedKey | undefined;
  /** Looks for new keys, if there can be any. Quick, and rate-limited. */
  refresh?(): Promise<void>;
  /** Calls `listener` after keys have changed. */
  onChange(listener: () => void): void;
}

const BY_CURVE: Readonly<Record<string, string>> = {
  ...{ prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' },
};
const OF_RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
/** NIST SP 800-131A; jose refuses smaller ones, too. */
const RSA_MIN_BITS = 2048;

/** Trusts a public key for the algorithms of its type; undefined when it cannot sign tokens. */
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

/** The keys of our own token service, each for its one algorithm. */
export function ringKeys(ring: KeyRing): TrustedKeys {
  return {
    find(kid) {
      const key = ring.find(kid);
      return key && { key: key.publicKey, algorithms: [key.algorithm] };
    },
    refresh: () => ring.refresh(),
    onChange: (listener) => ring.onChange(listener),
  };
}

/** Keys of several sources, asked in their order. */
export function allKeys(all: readonly TrustedKeys[]): TrustedKeys {
  const first = (find: (each: TrustedKeys) => TrustedKey | undefined) => {
    for (const each of all) {
      const found = find(each);
      if (found) return found;
    }
    return undefined;
  };
  return {
    find: (kid) => first((each) => each.find(kid)),
    ...(all.some((each) => each.findCertified) && {
      findCertified: (certificates) => first((each) => each.findCertified?.(certificates)),
    }),
    refresh: async () => void (await Promise.all(all.map((each) => each.refresh?.()))),
    onChange(listener) {
      for (const each of all) each.onChange(listener);
    },
  };
}

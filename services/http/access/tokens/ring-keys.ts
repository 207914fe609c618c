import type { KeyRing } from '../../../registry/access/keys/key-ring.ts';
import type { TrustedKeys } from './trusted-keys.ts';

/** The keys of our own token service: each for its one algorithm. */
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

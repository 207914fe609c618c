import type { KeyRing } from '../../../registry/access/keys/key-ring.ts';
import type { TrustedKey, TrustedKeys } from './trusted-keys.ts';

/** The keys of our own token service: each for its one algorithm. */
export class RingKeys implements TrustedKeys {
  readonly #ring: KeyRing;

  constructor(ring: KeyRing) {
    this.#ring = ring;
  }

  find(kid: string): TrustedKey | undefined {
    const key = this.#ring.find(kid);
    return key && { key: key.publicKey, algorithms: [key.algorithm] };
  }

  refresh(): Promise<void> {
    return this.#ring.refresh();
  }

  onChange(listener: () => void): void {
    this.#ring.onChange(listener);
  }
}

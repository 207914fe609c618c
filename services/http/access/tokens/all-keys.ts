import type { TrustedKey, TrustedKeys } from './trusted-keys.ts';

/** Keys from several places, asked in their order. */
export class AllKeys implements TrustedKeys {
  readonly #all: readonly TrustedKeys[];
  readonly findCertified?: (certificates: readonly string[]) => TrustedKey | undefined;

  constructor(all: readonly TrustedKeys[]) {
    this.#all = all;
    if (all.some((each) => each.findCertified))
      this.findCertified = (certificates) => first(all, (each) => each.findCertified?.(certificates));
  }

  find(kid: string): TrustedKey | undefined {
    return first(this.#all, (each) => each.find(kid));
  }

  async refresh(): Promise<void> {
    await Promise.all(this.#all.map((each) => each.refresh?.()));
  }

  onChange(listener: () => void): void {
    for (const each of this.#all) each.onChange(listener);
  }
}

function first(
  all: readonly TrustedKeys[],
  find: (each: TrustedKeys) => TrustedKey | undefined,
): TrustedKey | undefined {
  for (const each of all) {
    const found = find(each);
    if (found) return found;
  }
  return undefined;
}

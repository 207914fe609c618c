import type { TrustedKey, TrustedKeys } from './trusted-keys.ts';

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

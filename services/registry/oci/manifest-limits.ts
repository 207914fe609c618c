import { type Limit, LimitError } from './limit-error.ts';

/** How much a pushed manifest may name: each descriptor costs the registry, and every later reader, a few reads. */
export interface ManifestLimits {
  /** What an index lists. */
  readonly children: number;
  /** Layers of an image, and the URLs of them all. */
  readonly layers: number;
}

/** For manifests that are in the store. */
export const UNLIMITED: ManifestLimits = {
  children: Number.POSITIVE_INFINITY,
  layers: Number.POSITIVE_INFINITY,
};

/** Throws MANIFEST_INVALID for an index that lists more than it may. */
export function checkChildren({ children }: ManifestLimits, count: number): void {
  if (count > children)
    throw tooMuch('manifest_children', `the index lists ${count} manifests`, count, ['children', children]);
}

/** Throws MANIFEST_INVALID for an image of more layers than it may have. */
export function checkLayers({ layers }: ManifestLimits, count: number): void {
  if (count > layers)
    throw tooMuch('manifest_layers', `the image has ${count} layers`, count, ['layers', layers]);
}

/** Throws MANIFEST_INVALID for layers that name more URLs, all together, than an image may have layers. */
export function checkUrls(
  { layers }: ManifestLimits,
  described: readonly { readonly urls: readonly string[] }[],
): void {
  const count = described.reduce((sum, { urls }) => sum + urls.length, 0);
  if (count > layers)
    throw tooMuch('manifest_urls', `the layers name ${count} URLs`, count, ['layers', layers]);
}

function tooMuch(
  limit: Limit,
  what: string,
  count: number,
  [key, most]: readonly ['children' | 'layers', number],
): LimitError {
  const message = `${what}, and this registry takes ${most} at most (its operator can raise limits.manifests.${key})`;
  return new LimitError(limit, 'MANIFEST_INVALID', message, { count, most });
}

import { RegistryError } from './errors.ts';
import type { Child, Manifest } from './manifest.ts';

/** What a manifest must fulfil to be accepted: Distribution's `validation.manifests`. */
export interface ManifestRules {
  /** The manifests of an index that must be here: `all`, `none`, or those for the listed platforms. */
  readonly indexes: 'all' | 'none' | readonly RequiredPlatform[];
  /** URLs that foreign layers may name; an empty `allow` allows every http(s) URL. */
  readonly urls: { readonly allow: readonly UrlPattern[]; readonly deny: readonly UrlPattern[] };
}

/** A pattern that URLs are tested with. */
export interface UrlPattern {
  test(url: string): boolean;
}

/** A platform whose manifest must be here; an omitted member matches anything. */
export interface RequiredPlatform {
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
  readonly variant?: string | undefined;
}

/** All content that is named has to be here. */
export const COMPLETE: ManifestRules = { indexes: 'all', urls: { allow: [], deny: [] } };

/** The listed manifests that must be in the repository before the index is taken. */
export function requiredChildren({ indexes }: ManifestRules, manifest: Manifest): readonly Child[] {
  if (indexes === 'all') return manifest.manifests;
  if (indexes === 'none') return [];
  return manifest.manifests.filter(({ platform }) => {
    if (platform === undefined) return false;
    return indexes.some(
      (wanted) =>
        (wanted.os === undefined || wanted.os === platform.os) &&
        (wanted.architecture === undefined || wanted.architecture === platform.architecture) &&
        (wanted.variant === undefined || wanted.variant === platform.variant),
    );
  });
}

const URL_MAX_CHARACTERS = 2048;

/** Throws MANIFEST_INVALID when a foreign layer has a URL that the rules do not allow. */
export function checkForeignUrls({ urls }: ManifestRules, manifest: Manifest): void {
  for (const layer of manifest.foreign)
    for (const url of layer.urls) {
      const isAllowed = urls.allow.length === 0 || urls.allow.some((pattern) => pattern.test(url));
      if (isPlainHttpUrl(url) && isAllowed && !urls.deny.some((pattern) => pattern.test(url))) continue;
      throw new RegistryError(
        'MANIFEST_INVALID',
        'a foreign layer has a URL that this registry does not allow (validation.manifests.urls)',
        { digest: layer.digest, url: url.slice(0, 200) },
      );
    }
}

/** As Distribution requires: http or https, a host, no user, no fragment. */
function isPlainHttpUrl(text: string): boolean {
  if (text.length > URL_MAX_CHARACTERS) return false;
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.host !== '' && !url.username && !text.includes('#')
  );
}

/** Links to blobs: what says that a repository has a manifest is deleted before them, bytes after them. */
const LAYER_RANK = 4;

/** Keys of records, divided and ordered as {@link inDeletionOrder} says. */
interface OrderedRecords {
  /** What says that repositories have manifests, rank by rank. */
  readonly ofManifests: readonly (readonly string[])[];
  readonly layerLinks: readonly string[];
}

/**
 * The order in which records are deleted, so that wherever a collection ends no link dangles and the next one finishes
 * it: histories and records of referrers, then the link that makes a manifest exist, then links under second names,
 * keepers, and links to blobs.
 */
export function inDeletionOrder(keys: Iterable<string>): OrderedRecords {
  const ofManifests: string[][] = Array.from({ length: LAYER_RANK }, () => []);
  const layerLinks: string[] = [];
  for (const key of keys) (ofManifests[rankOf(key)] ?? layerLinks).push(key);
  return { ofManifests, layerLinks };
}

function rankOf(key: string): number {
  if (key.includes('/_layers/')) return LAYER_RANK;
  if (key.includes('/_manifests/tags/') || key.includes('/_roadstead/referrers/')) return 0;
  if (key.includes('/_manifests/revisions/sha256/')) return 1;
  return key.includes('/_roadstead/keepers/') ? 3 : 2;
}

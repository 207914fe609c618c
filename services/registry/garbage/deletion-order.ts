/** The rank of links to blobs: what says that a repository has a manifest is deleted before them, bytes after them. */
export const LAYER_RANK = 4;

/**
 * The order in which records are deleted, lowest first, so that wherever a collection ends no link dangles and the next
 * one finishes it: histories and records of referrers, then the link that makes a manifest exist, then links under
 * second names, keepers, and links to blobs.
 */
export function deletionRank(key: string): number {
  if (key.includes('/_layers/')) return LAYER_RANK;
  if (key.includes('/_manifests/tags/') || key.includes('/_roadstead/referrers/')) return 0;
  if (key.includes('/_manifests/revisions/sha256/')) return 1;
  return key.includes('/_roadstead/keepers/') ? 3 : 2;
}

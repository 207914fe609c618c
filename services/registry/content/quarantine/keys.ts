import { type Digest, hexOf, type Sha256Digest } from '../../oci/digest.ts';

/**
 * Where the collector that works while others write keeps its own things. All but the lists, their rescues and the
 * flags of deletions is derived: without it, the next cycle takes longer, and nothing else.
 */
export const GARBAGE_PREFIX = 'roadstead/garbage/';

/** Prefix of the lists of what is in quarantine: immutable objects, each over a range of digests. */
export const QUARANTINE_PREFIX = `${GARBAGE_PREFIX}quarantine/`;

/** Prefix of what says since when every node can see a list: from then on its quarantine counts. */
export const ANNOUNCED_PREFIX = `${GARBAGE_PREFIX}announced/`;

/** Prefix of what clients and operators want kept of the lists. */
export const RESCUED_PREFIX = `${GARBAGE_PREFIX}rescued/`;

/** Prefix of the ranges that are being deleted at the moment. */
export const DELETING_PREFIX = `${GARBAGE_PREFIX}deleting/`;

/** Prefix of what no scan has found in use, and since when. */
export const SUSPECTS_PREFIX = `${GARBAGE_PREFIX}suspects/`;

/** Prefix of what manifests refer to, so that none has to be read twice. */
export const MANIFEST_FACTS_PREFIX = `${GARBAGE_PREFIX}facts/manifests/`;

/** Prefix of which names by SHA-512 stand for which stored bytes. */
export const ALIAS_FACTS_PREFIX = `${GARBAGE_PREFIX}facts/aliases/`;

/** Prefix of the scan under way: what it has found so far. */
export const SCAN_PREFIX = `${GARBAGE_PREFIX}scan/`;

/** Prefix of the leases of the one worker, which stores its progress there. */
export const WORKER_PREFIX = `${GARBAGE_PREFIX}worker/`;

/** Its presence asks the worker for a cycle now. */
export const REQUEST_KEY = `${GARBAGE_PREFIX}request.json`;

/** How much of a digest stands in names: enough to tell which list or flag can concern it. */
const EDGE_DIGITS = 16;
const LIST_NAME = /^\d{13}-[0-9a-f]{8}-([0-9a-f]{16})-([0-9a-f]{16})$/;
const RANGE = /^([0-9a-f]{16})-([0-9a-f]{16})$/;

/** A new name for an object: sorts by its time, and is never given twice. */
export function freshName(now: number): string {
  return `${String(now).padStart(13, '0')}-${crypto.randomUUID().slice(0, 8)}`;
}

/** The range of digests from one to another, as names say it. */
export function rangeOf(first: Digest, last: Digest): string {
  return `${edge(first)}-${edge(last)}`;
}

/** Whether a digest may lie in the range at the end of the name of a list or flag. */
export function covers(name: string, digest: Sha256Digest): boolean {
  const [, first = '', last = ''] = LIST_NAME.exec(name) ?? RANGE.exec(name) ?? [];
  return first !== '' && first <= edge(digest) && edge(digest) <= last;
}

/** Whether an object below {@link QUARANTINE_PREFIX} is a list. */
export function isListName(name: string): boolean {
  return LIST_NAME.test(name);
}

/** A list of digests in quarantine. */
export const listKey = (list: string) => `${QUARANTINE_PREFIX}${list}`;

/** Says since when a list has been there for all to see. */
export const announcedKey = (list: string) => `${ANNOUNCED_PREFIX}${list}`;

/** Prefix of what is to be kept of a list. */
export const rescuedPrefix = (list: string) => `${RESCUED_PREFIX}${list}/`;

/** Says that this one of a list is to be kept. */
export const rescuedKey = (list: string, digest: Sha256Digest) => `${rescuedPrefix(list)}${hexOf(digest)}`;

/** Says that a range of a list is being deleted. */
export const deletingKey = (list: string, range: string) => `${DELETING_PREFIX}${list}/${range}`;

function edge(digest: Digest): string {
  return hexOf(digest).slice(0, EDGE_DIGITS);
}

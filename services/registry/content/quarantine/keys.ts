import { type Digest, hexOf, type Sha256Digest } from '../../oci/digest.ts';

/**
 * Where the online collector keeps its own objects. All but the lists, their rescues and the flags of deletions are
 * derived: without them the next cycle takes longer, and nothing else.
 */
export const GARBAGE_PREFIX = 'roadstead/garbage/';

/** Prefix of the lists of what is in quarantine: immutable objects, each over a range of digests. */
export const QUARANTINE_PREFIX = `${GARBAGE_PREFIX}quarantine/`;

/** Prefix of the times since when every node can see a list: its quarantine begins then. */
export const ANNOUNCED_PREFIX = `${GARBAGE_PREFIX}announced/`;

/** Prefix of the flags by which clients and operators keep content of the lists. */
export const RESCUED_PREFIX = `${GARBAGE_PREFIX}rescued/`;

/** Prefix of the ranges that are being deleted at the moment. */
export const DELETING_PREFIX = `${GARBAGE_PREFIX}deleting/`;

/** Prefix of the content that the last scan did not find in use, and since when no scan has. */
export const SUSPECTS_PREFIX = `${GARBAGE_PREFIX}suspects/`;

/** Prefix of what manifests refer to, so that none has to be read twice. */
export const MANIFEST_FACTS_PREFIX = `${GARBAGE_PREFIX}facts/manifests/`;

/** Prefix of the SHA-256 digests of content that is named by SHA-512. */
export const ALIAS_FACTS_PREFIX = `${GARBAGE_PREFIX}facts/aliases/`;

/** Prefix of the scan under way: what it has found so far. */
export const SCAN_PREFIX = `${GARBAGE_PREFIX}scan/`;

/** Prefix of the leases of the one worker, which stores its progress there. */
export const WORKER_PREFIX = `${GARBAGE_PREFIX}worker/`;

/** Its presence asks the worker for a cycle now. */
export const REQUEST_KEY = `${GARBAGE_PREFIX}request.json`;

/** Digits of a digest in names of lists and flags: enough to know which of them can concern it. */
const EDGE_DIGITS = 16;
const LIST_NAME = /^\d{13}-[0-9a-f]{8}-([0-9a-f]{16})-([0-9a-f]{16})$/;
const RANGE = /^([0-9a-f]{16})-([0-9a-f]{16})$/;

/** A new name for an object: sorts by its time, and is never given twice. */
export function freshName(now: number): string {
  return `${String(now).padStart(13, '0')}-${crypto.randomUUID().slice(0, 8)}`;
}

/** The range of digests from one to another, as it is written in names. */
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

/** Holds the time since when every node can see a list. */
export const announcedKey = (list: string) => `${ANNOUNCED_PREFIX}${list}`;

/** Prefix of the flags that keep content of a list. */
export const rescuedPrefix = (list: string) => `${RESCUED_PREFIX}${list}/`;

/** Flag that keeps one digest of a list. */
export const rescuedKey = (list: string, digest: Sha256Digest) => `${rescuedPrefix(list)}${hexOf(digest)}`;

/** Flag of a range of a list that is being deleted. */
export const deletingKey = (list: string, range: string) => `${DELETING_PREFIX}${list}/${range}`;

function edge(digest: Digest): string {
  return hexOf(digest).slice(0, EDGE_DIGITS);
}

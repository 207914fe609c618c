import { GARBAGE_PREFIX } from '../content/quarantine/keys.ts';
import { outboxesPrefix } from '../notifications/keys.ts';
import {
  AUDIT_PREFIX,
  AUDIT_PRUNED_KEY,
  BLOBS_PREFIX,
  BOARDS_PREFIX,
  OWN_PREFIX,
  PUBLICATIONS_PREFIX,
  PUBLISHED_PREFIX,
  PUBLISHERS_PREFIX,
  READ_ONLY_KEY,
} from '../storage/layout.ts';
import { digestOfData, isLeftover, recordOf } from '../storage/layout-read.ts';

/** Says what a directory is a backup of, and whether it is whole. Never restored. */
export const BACKUP_MARK_KEY = `${OWN_PREFIX}backup.json`;

/** Prefix of what versions before the boards knew of mirrors, and of nodes' doubts. */
const MIRRORS_PREFIX = `${OWN_PREFIX}mirrors/`;

/**
 * What processes know of the moment, and find out again: what mirrors hold, leases, quarantine. It is neither copied nor
 * kept by a restore. After one, mirrors are read again from the beginning: the log may have lost its last entries, and what was verified of these
 * says nothing about the entries that get their numbers.
 */
export const MOMENTARY_PREFIXES: readonly string[] = [BOARDS_PREFIX, MIRRORS_PREFIX, GARBAGE_PREFIX];

/** What a store may hold before anything was put into it; besides what is momentary. */
export const PROBES_PREFIX = `${OWN_PREFIX}probes/`;

/** Prefixes that have an order of their own, and are copied by themselves. */
const BY_THEMSELVES = [PUBLICATIONS_PREFIX, PUBLISHED_PREFIX, PUBLISHERS_PREFIX, AUDIT_PREFIX];
const NOT_COPIED = [...MOMENTARY_PREFIXES, PROBES_PREFIX, READ_ONLY_KEY, BACKUP_MARK_KEY];
const DELIVERY = new RegExp(`^${outboxesPrefix}[^/]+/delivery/`);

/** Whether an object below `roadstead/` is copied in no particular order: accounts, keys, waiting events. */
export function isCopiedAnyhow(key: string): boolean {
  return ![...NOT_COPIED, ...BY_THEMSELVES].some((prefix) => key.startsWith(prefix)) && !DELIVERY.test(key);
}

/**
 * Whether an object below `_roadstead/` of a repository is copied. Turns and tickets order the changes of processes that
 * run; after a restore none of them does, and a ticket of a lost publication would keep later ones from the tag.
 */
export function isCopiedPart(key: string): boolean {
  return !isLeftover(key) && !/\/_roadstead\/(?:changes|turns)\//.test(key);
}

/** Whether an object never changes, so that one that was copied is not read again. */
export function isFixed(key: string): boolean {
  if (key.startsWith(BLOBS_PREFIX)) return digestOfData(key) !== undefined;
  if (key.startsWith(OWN_PREFIX))
    return key !== AUDIT_PRUNED_KEY && BY_THEMSELVES.some((prefix) => key.startsWith(prefix));
  const kind = recordOf(key)?.kind;
  return kind !== undefined && kind !== 'tag' && kind !== 'unknown-digest';
}

import { keySegment } from '../storage/key-segment.ts';

/**
 * The keys of outboxes: `roadstead/notifications/<endpoint>/` holds `queue/` (events that wait), `dead/` (events that
 * no receiver took) and `delivery/` (which worker delivers, and its status). Items have a directory for each minute: a
 * list of one page then reads one directory of a file system, not the whole queue.
 */
const ROOT = 'roadstead/notifications';

/** Prefix of all endpoints' outboxes; one common prefix each. */
export const outboxesPrefix = `${ROOT}/`;

/** Prefix of an endpoint's waiting events, oldest first. */
export const queuePrefix = (endpoint: string) => `${ROOT}/${keySegment(endpoint)}/queue/`;

/** Prefix of an endpoint's dead letters, oldest first. */
export const deadPrefix = (endpoint: string) => `${ROOT}/${keySegment(endpoint)}/dead/`;

/** Prefix of the leases on an endpoint's delivery. */
export const deliveryPrefix = (endpoint: string) => `${ROOT}/${keySegment(endpoint)}/delivery/`;

/** Events of changes must not be lost; those of pulls give way first. */
export type ItemKind = 'change' | 'pull';

/** What an object's name says about it, so that counting needs no reading. */
export interface Item {
  /** When it was written: microseconds since 1970, made strictly increasing within a process. */
  readonly tick: number;
  readonly id: string;
  readonly kind: ItemKind;
  readonly events: number;
}

/** An item and its key. */
export interface StoredItem extends Item {
  readonly key: string;
}

const NAME = /(?:^|\/)(\d{17})-([0-9a-f-]{36}(?:\.\d+)?)-([cp])(\d+)$/;
const TICKS_PER_MINUTE = 60_000_000;

/** The key of an item below {@link queuePrefix} or {@link deadPrefix}; keys sort as the items' times do. */
export function itemKey(prefix: string, { tick, id, kind, events }: Item): string {
  const minute = String(Math.floor(tick / TICKS_PER_MINUTE)).padStart(9, '0');
  return `${prefix}${minute}/${String(tick).padStart(17, '0')}-${id}-${kind === 'change' ? 'c' : 'p'}${events}`;
}

/** Reads an item's key; undefined for what is not ours. */
export function parseItemKey(key: string): StoredItem | undefined {
  const match = NAME.exec(key);
  if (!match) return undefined;
  const [, tick, id = '', kind, events] = match;
  return { key, tick: Number(tick), id, kind: kind === 'c' ? 'change' : 'pull', events: Number(events) };
}

let lastTick = 0;

/** The time for a new item's name: two items of this process never share one. */
export function nextTick(): number {
  lastTick = Math.max(Date.now() * 1000, lastTick + 1);
  return lastTick;
}

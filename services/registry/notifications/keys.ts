import { createHash } from 'node:crypto';

/**
 * Where the outbox lies: `roadstead/notifications/<endpoint>/` holds `queue/` (events that wait), `dead/` (events that
 * nobody took) and `delivery/` (which worker delivers, and how it fares). Items lie in a directory a minute: a list of
 * one page then reads one directory of a file system, not the whole queue.
 */
const ROOT = 'roadstead/notifications';
const SEGMENT_MAX_CHARACTERS = 160;

/**
 * An endpoint's name as one key segment that every backend keeps apart, also a file system that ignores case: all but
 * lower-case letters, digits and dashes is written `_<hex>` byte by byte. Different names have different segments;
 * very long ones are told apart by a hash.
 */
export function endpointSegment(name: string): string {
  const escaped = Buffer.from(name, 'utf8').reduce(
    (text, byte) => text + (isPlain(byte) ? String.fromCharCode(byte) : `_${hexByte(byte)}`),
    '',
  );
  if (escaped.length > SEGMENT_MAX_CHARACTERS)
    // No escape begins with `_s`, so no shorter name can be written like this.
    return `${escaped.slice(0, 64)}_s${createHash('sha256').update(name, 'utf8').digest('hex')}`;
  return escaped === '' ? '_' : escaped;
}

function isPlain(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Prefix of all endpoints' outboxes; one common prefix each. */
export const outboxesPrefix = `${ROOT}/`;

/** Prefix of an endpoint's waiting events, oldest first. */
export const queuePrefix = (endpoint: string) => `${ROOT}/${endpointSegment(endpoint)}/queue/`;

/** Prefix of an endpoint's dead letters, oldest first. */
export const deadPrefix = (endpoint: string) => `${ROOT}/${endpointSegment(endpoint)}/dead/`;

/** Prefix of the terms of an endpoint's delivery. */
export const deliveryPrefix = (endpoint: string) => `${ROOT}/${endpointSegment(endpoint)}/delivery/`;

/** Events of changes must not be lost; those of pulls give way first. */
export type ItemKind = 'change' | 'pull';

/** What the name of an object of the outbox tells, so that counting needs no reading. */
export interface Item {
  /** When it was written: microseconds since 1970, made strictly increasing within a process. */
  readonly tick: number;
  readonly id: string;
  readonly kind: ItemKind;
  readonly events: number;
}

/** An item and where it lies. */
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

import type { Cell } from './cell.ts';
import { CLIENT_KINDS, type ClientKind } from './client-kinds.ts';
import { FAULTS, type Fault } from './faults.ts';

/** Cells of one setting. */
export interface Group extends Pick<Cell, 'mode' | 'nodes' | 'hasRedis' | 'when' | 'crowd'> {
  readonly clients: readonly string[];
  /** All of them unless given. */
  readonly faults?: readonly string[];
}

const ALONE = { mode: 'anonymous', nodes: 1, hasRedis: false, when: 'mid', crowd: 1 } as const;
const THREE = { ...ALONE, nodes: 3, hasRedis: true } as const;
const BY_ADDRESS = { ...THREE, hasRedis: false } as const;
const FAST = ['skopeo', 'ctr'];
const EVERYONE = CLIENT_KINDS.map(({ name }) => name);

/** By day: the fast clients under every fault, and in each other setting the kinds of fault that differ most. */
const DAILY: readonly Group[] = [
  { ...ALONE, clients: FAST },
  { ...ALONE, mode: 'token', clients: ['skopeo'], faults: ['404', 'refused', 'cut-fin', 'wrong'] },
  { ...THREE, clients: ['skopeo'], faults: ['404', 'reset', 'wrong'] },
  { ...BY_ADDRESS, clients: ['skopeo'], faults: ['404', 'reset', 'wrong'] },
  {
    ...ALONE,
    when: 'noticed',
    clients: ['skopeo'],
    faults: ['refused', '503', '429', 'cut-fin', 'wrong', 'tls'],
  },
  { ...ALONE, crowd: 10, clients: ['skopeo'], faults: ['404', 'wrong'] },
];

const NIGHTLY: readonly Group[] = [
  { ...ALONE, clients: EVERYONE },
  { ...ALONE, mode: 'token', clients: EVERYONE },
  { ...THREE, clients: EVERYONE },
  { ...THREE, mode: 'token', clients: EVERYONE },
  { ...BY_ADDRESS, clients: EVERYONE },
  { ...BY_ADDRESS, mode: 'token', clients: EVERYONE },
  { ...ALONE, when: 'noticed', clients: EVERYONE },
  { ...ALONE, crowd: 10, clients: ['skopeo', 'ctr', 'crane'] },
  { ...ALONE, mode: 'token', crowd: 10, clients: ['skopeo', 'ctr', 'crane'] },
];

/** A client that hangs is killed after this long by day; at night it gets the time of its kind. */
const DAILY_LIMIT_MS = 10_000;

/** What is tried now: a sample by day, everything with `NIGHTLY=1`. */
export const IS_NIGHTLY = process.env['NIGHTLY'] === '1';
export const GROUPS = IS_NIGHTLY ? NIGHTLY : DAILY;

/** The faults of a group. */
export function faultsOf({ faults }: Group): Fault[] {
  return FAULTS.filter(({ name }) => faults?.includes(name) ?? true);
}

/** Whether a client can meet a fault at all. */
export function canMeet(client: ClientKind, fault: Fault): boolean {
  return !(fault.name === 'tls' && client.trustsLoopback);
}

/** The cells of a group under one fault. */
export function cellsOf({ clients, faults: _, ...setting }: Group, fault: Fault): Cell[] {
  const kinds = CLIENT_KINDS.filter((kind) => clients.includes(kind.name) && canMeet(kind, fault));
  const limit = IS_NIGHTLY ? {} : { limitMs: DAILY_LIMIT_MS };
  return kinds.map((client) => ({ ...setting, client, fault, ...limit }));
}

import { z } from 'zod';
import type { MirrorName } from '../../oci/names.ts';
import { boardPrefix } from '../../storage/layout.ts';
import { LeaseStore } from '../../storage/lease.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { LedgerSchema } from './ledger.ts';

/**
 * Mirrors are spread over this many boards, and workers share the boards. More of them would cost every node a request each
 * time it looks (docs/decisions/0023-boards.md).
 */
const BOARDS = 2;
/** A board with a thousand mirrors has less than this. */
const BOARD_MAX_BYTES = 8 * 1024 * 1024;

/** A ledger as a board holds it: a long missing set is an object of its own, a new one for each version. */
const StoredLedgerSchema = LedgerSchema.extend({ missingVersion: z.string().optional() });
export type StoredLedger = z.infer<typeof StoredLedgerSchema>;

const BoardSchema = z.object({ mirrors: z.record(z.string(), StoredLedgerSchema) });

/** The ledgers of some mirrors, by name: the state of the lease of the one worker that looks after them. */
export type Board = z.infer<typeof BoardSchema>;

/** The board that a mirror's ledger is on, from 1; the same for every process. */
export function boardOf(mirror: MirrorName): number {
  let hash = 0;
  for (const character of mirror) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  // The lowest bits of this sum depend on few characters.
  return 1 + ((Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 16) % BOARDS);
}

/** The boards of these mirrors, in order. */
export function boardsOf(mirrors: readonly { readonly name: MirrorName }[]): number[] {
  return [...new Set(mirrors.map(({ name }) => boardOf(name)))].toSorted((a, b) => a - b);
}

/** The leases on a board. Their heartbeat vouches for the health of its mirrors: readers watch it move. */
export function boardLeases(objects: ObjectStore, board: number): LeaseStore<Board> {
  return new LeaseStore(objects, boardPrefix(board), BoardSchema, BOARD_MAX_BYTES);
}

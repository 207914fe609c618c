import { z } from 'zod';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';
import type { MirrorName } from '../../oci/names.ts';
import { mirrorLedgerKey, mirrorLedgerPrefix } from '../../storage/layout.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';

/** More exceptions than this are not exceptions: the watermark is lowered instead. */
export const MISSING_MAX = 1000;

const LedgerSchema = z.object({
  version: z.literal(1),
  /** Every blob of every entry up to here was written to the mirror and verified there, but for `missing`. */
  watermark: z.int().nonnegative(),
  /** Blobs up to the watermark that a crawl did not find. */
  missing: z
    .array(z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value)))
    .max(MISSING_MAX),
  health: z.object({
    state: z.enum(['unknown', 'up', 'down']),
    /** Since when, RFC 3339 UTC. */
    since: z.string(),
    /** Why it is down, for people. */
    reason: z.string().optional(),
  }),
  /** Why the worker cannot continue publishing to this mirror, for people. */
  trouble: z.string().optional(),
  /** Counts up while the worker lives: readers judge freshness by seeing it move, not by comparing clocks. */
  beat: z.int().nonnegative(),
  /** When it last beat, RFC 3339 UTC, for people. */
  beatAt: z.string(),
  /** The worker that holds this term. */
  holder: z.string(),
});

/** The state of a mirror: written by the one worker that serves it, read by everyone. */
export type Ledger = z.infer<typeof LedgerSchema>;

/** A ledger and the term under which it was written. */
export interface LedgerTerm {
  readonly term: number;
  readonly ledger: Ledger;
}

const LEDGER_MAX_BYTES = 1024 * 1024;

/**
 * The newest term's ledger. Each worker writes only under the term that it acquired, so one that was thought dead
 * and comes back writes where nobody reads any more: the term is the fence, with no lock service.
 */
export async function readLedger(
  objects: ObjectStore,
  mirror: MirrorName,
  signal?: AbortSignal,
): Promise<LedgerTerm | undefined> {
  let newest: string | undefined;
  for await (const { key } of listAll(objects, { prefix: mirrorLedgerPrefix(mirror) }, signal)) newest = key;
  if (newest === undefined) return undefined;
  const bytes = await objects.read(newest, LEDGER_MAX_BYTES, signal);
  // A successor deletes older terms: between the list and the read it may have done so.
  if (bytes === undefined) return readLedger(objects, mirror, signal);
  const term = Number(newest.slice(mirrorLedgerPrefix(mirror).length, -'.json'.length));
  return { term, ledger: LedgerSchema.parse(JSON.parse(bytes.toString('utf8'))) };
}

/** Takes the next term over from `previous`. False when another worker was faster. */
export async function acquireLedger(
  objects: ObjectStore,
  mirror: MirrorName,
  previous: LedgerTerm | undefined,
  ledger: Ledger,
): Promise<LedgerTerm | undefined> {
  const term = (previous?.term ?? 0) + 1;
  const key = mirrorLedgerKey(mirror, term);
  if ((await objects.putIfAbsent(key, encode(ledger))) === 'exists') return undefined;
  const older: string[] = [];
  for await (const entry of listAll(objects, { prefix: mirrorLedgerPrefix(mirror) }))
    if (entry.key < key) older.push(entry.key);
  await objects.delete(older);
  return { term, ledger };
}

/** Writes the ledger under the worker's own term. False when a successor has taken over: stop working then. */
export async function writeLedger(
  objects: ObjectStore,
  mirror: MirrorName,
  { term, ledger }: LedgerTerm,
): Promise<boolean> {
  const own = mirrorLedgerKey(mirror, term);
  const later = await objects.list({ prefix: mirrorLedgerPrefix(mirror), startAfter: own, limit: 1 });
  if (later.keys.length > 0) return false;
  await objects.put(own, encode(ledger));
  return true;
}

function encode(ledger: Ledger): Buffer {
  return Buffer.from(`${JSON.stringify(ledger, undefined, 2)}\n`);
}

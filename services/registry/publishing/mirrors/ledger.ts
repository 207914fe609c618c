import { z } from 'zod';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';
import type { MirrorName } from '../../oci/names.ts';
import { mirrorLedgerPrefix } from '../../storage/layout.ts';
import { LeaseStore } from '../../storage/lease.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

/** More exceptions than this are not exceptions: the watermark is lowered instead. */
export const MISSING_MAX = 1000;

const LedgerSchema = z.object({
  /** Every blob of every entry up to here was written to the mirror and verified there, except `missing`. */
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
  /** A crawl has to end before clients are sent there; the next worker has to begin with it. */
  heldBack: z.boolean().optional(),
  /** Why the worker cannot continue publishing to this mirror, for people. */
  trouble: z.string().optional(),
});

/** What is known of a mirror: the state of the lease of its one worker, read by everyone. */
export type Ledger = z.infer<typeof LedgerSchema>;

/** The leases on a mirror. Their heartbeat vouches for the mirror's health: readers watch it move. */
export function mirrorLeases(objects: ObjectStore, mirror: MirrorName): LeaseStore<Ledger> {
  return new LeaseStore(objects, mirrorLedgerPrefix(mirror), LedgerSchema);
}

/** The ledger that a worker begins with: what the last one knew, except health, which it has to see for itself. */
export function firstLedger(previous: Ledger | undefined): Ledger {
  const { watermark = 0, missing = [], heldBack } = previous ?? {};
  const health = { state: 'unknown', since: new Date().toISOString() } as const;
  return { watermark, missing, ...(heldBack && { heldBack }), health };
}

import { z } from 'zod';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';

/** A mirror that lacks more is not brought further before it has been given some of them. */
export const MISSING_MAX = 10_000;
/** Refuted doubts that a ledger remembers. */
export const CLEARED_MAX = 16;

const DigestSchema = z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value));

const MissingBlobSchema = z.object({
  digest: DigestSchema,
  sizeBytes: z.int().nonnegative(),
  /** The entry that published it. */
  seq: z.int().positive(),
  /** Why the mirror lacks it, for people. */
  reason: z.string(),
  /** Since when that is known, RFC 3339 UTC. */
  since: z.string(),
  /** When it is tried again, RFC 3339 UTC; at once if absent. */
  retryAt: z.string().optional(),
});

/** A blob up to the watermark that the mirror does not hold, and why. */
export type MissingBlob = z.infer<typeof MissingBlobSchema>;

export const MissingBlobsSchema = z.array(MissingBlobSchema).max(MISSING_MAX);

/** Where a mirror is: what was verified belongs to this place, not to the mirror's name. */
const PlaceSchema = z.object({
  /** Where clients fetch. */
  url: z.string(),
  /** Where the worker writes: a directory or a URL. */
  target: z.string(),
});
export type Place = z.infer<typeof PlaceSchema>;

export const LedgerSchema = z.object({
  place: PlaceSchema,
  /** Every blob of every entry up to here was read over the mirror's public URL, except `missing`. */
  watermark: z.int().nonnegative(),
  /** While the mirror is looked through after an absence: up to here that has been done, and clients may be sent. */
  confirmed: z.int().nonnegative().optional(),
  missing: MissingBlobsSchema,
  health: z.object({
    state: z.enum(['unknown', 'up', 'down']),
    /** Since when, RFC 3339 UTC. */
    since: z.string(),
    /** Why it is down, for people. */
    reason: z.string().optional(),
  }),
  /** Why the worker cannot continue publishing to this mirror, for people. */
  trouble: z.string().optional(),
  /** What its operator should know before it hurts, for people. */
  warnings: z.array(z.string()).optional(),
  /**
   * Doubts that a read of the whole blob has refuted, newest last; `count` says how often, so that nodes
   * distinguish a later refutation from an earlier one.
   */
  cleared: z.array(z.object({ digest: DigestSchema, count: z.int().positive() })).optional(),
});

/** What is known of a mirror: written by the worker that looks after it, read by everyone. */
export type Ledger = z.infer<typeof LedgerSchema>;

/** Whether two places are one. */
export function isSamePlace(a: Place, b: Place): boolean {
  return a.url === b.url && a.target === b.target;
}

/**
 * The ledger that a worker begins with: what the last one knew of the same place, except health, which it has to see for
 * itself. Of another place nothing is known.
 */
export function firstLedger(previous: Ledger | undefined, place: Place): Ledger {
  const health = { state: 'unknown', since: new Date().toISOString() } as const;
  if (previous === undefined || !isSamePlace(previous.place, place))
    return { place, watermark: 0, missing: [], health };
  const { watermark, confirmed, missing, cleared } = previous;
  return {
    ...{ place, watermark, missing, health },
    ...(confirmed !== undefined && { confirmed }),
    ...(cleared && { cleared }),
  };
}

import { z } from 'zod';
import { REQUEST_KEY, WORKER_PREFIX } from '../../content/quarantine/keys.ts';
import type { Fence } from '../../storage/fence.ts';
import { type Heartbeat, LeaseStore } from '../../storage/lease.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { CycleCountsSchema } from './context.ts';
import { StoredClockSchema } from './garbage-clock.ts';

const Counted = z.int().nonnegative();

/** The collector's status: stored by the one worker, read by everyone. */
const ProgressSchema = z.object({
  phase: z.enum(['idle', 'scanning', 'marking', 'deleting', 'comparing']),
  /** When the cycle under way began, RFC 3339 UTC. */
  startedAt: z.string().optional(),
  counts: CycleCountsSchema.optional(),
  /** Requests to the store in the cycle under way. */
  requests: Counted.optional(),
  /** The last cycle that came to its end. */
  last: z
    .object({ startedAt: z.string(), endedAt: z.string(), counts: CycleCountsSchema, requests: Counted })
    .optional(),
  /** Why the last cycle that was tried did not come to its end, for people. */
  trouble: z.string().optional(),
  /** Repositories of which the last cycle kept everything, and why: up to a hundred. */
  kept: z.array(z.object({ repository: z.string(), why: z.string() })).optional(),
  /** When uploads were last purged, RFC 3339 UTC, and how many were, or would have been. */
  purge: z.object({ endedAt: z.string(), purged: Counted, dryRun: z.boolean() }).optional(),
  /** By which content grows old. */
  clock: StoredClockSchema.optional(),
});
export type Progress = z.infer<typeof ProgressSchema>;

/** The leases on the collection of garbage. */
export function collectorLeases(objects: ObjectStore): LeaseStore<Progress> {
  return new LeaseStore(objects, WORKER_PREFIX, ProgressSchema);
}

/** The worker's last report, and which worker it is; undefined if none has ever run. */
export async function readProgress(objects: ObjectStore): Promise<(Heartbeat & Progress) | undefined> {
  return (await collectorLeases(objects).read())?.value;
}

/** Asks the worker for a cycle now. */
export function requestCycle(objects: ObjectStore, by: string): Promise<void> {
  const request = { by, at: new Date().toISOString() };
  return objects.put(REQUEST_KEY, Buffer.from(`${JSON.stringify(request)}\n`));
}

/** Whether somebody has asked for a cycle. */
export async function isCycleRequested(objects: ObjectStore): Promise<boolean> {
  return (await objects.stat(REQUEST_KEY)) !== undefined;
}

/** Takes the request as heard. Late, that would take another one with it. */
export function hearRequest(objects: ObjectStore, fence: Fence): Promise<void> {
  return objects.delete([REQUEST_KEY], undefined, { fence });
}

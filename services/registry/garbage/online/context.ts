import { z } from 'zod';
import type { Sha256Digest } from '../../oci/digest.ts';
import type { Fence } from '../../storage/fence.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { CollectorReader } from '../collector-reader.ts';

/** What decides when something goes. Times in milliseconds. */
export interface GarbageSettings {
  /** How long something has to be out of use, as two scans see it, before it goes into quarantine. */
  readonly graceMs: number;
  /** How long it stays there, served like anything else, before it is deleted. */
  readonly quarantineMs: number;
  /** Manifests count only if a tag leads to them; else all do. */
  readonly deleteUntagged: boolean;
}

/** What the collector is doing. */
export type Phase = 'idle' | 'scanning' | 'marking' | 'deleting' | 'comparing';

const Count = z.int().nonnegative();

/** Progress and result of a cycle: counts of blobs unless they say otherwise. */
export const CycleCountsSchema = z.object({
  /** Objects that listings have shown. */
  objectsListed: Count,
  manifestsRead: Count,
  stored: Count,
  inUse: Count,
  /** Out of use, and waiting for the grace to end. */
  suspected: Count,
  /** Put into quarantine by this cycle. */
  quarantined: Count,
  /** In quarantine when the cycle ended. */
  inQuarantine: Count,
  /** Found in use again, or rescued. */
  released: Count,
  deleted: Count,
  /** Links and records that went with them. */
  linksDeleted: Count,
});
export type CycleCounts = z.infer<typeof CycleCountsSchema>;

/** Nothing yet. */
export function newCounts(): CycleCounts {
  return Object.fromEntries(Object.keys(CycleCountsSchema.shape).map((name) => [name, 0])) as CycleCounts;
}

/** What a cycle is about to delete, unless somebody rescues it in the very moment. */
export interface ToDelete {
  /** The lists of quarantine that it is on; they go with it. */
  readonly lists: readonly string[];
  readonly blobs: number;
  /** Each of them; may be asked for once. */
  readonly digests: Iterable<Sha256Digest>;
}

/** What a cycle is given. */
export interface CycleContext {
  readonly objects: ObjectStore;
  readonly settings: GarbageSettings;
  readonly signal: AbortSignal;
  /** True to change nothing. */
  readonly dryRun: boolean;
  /** Throws when this worker may not delete (any more). Asked right before each request that changes something. */
  readonly mayChange: () => Promise<void>;
  /** Looked at by the store before each attempt; with a doubt, no more is changed. */
  readonly fence: Fence;
  /** Called with what is about to be deleted, before anything is; nothing is when it throws, or when there is nothing. */
  readonly onToDelete?: (toDelete: ToDelete) => Promise<void>;
  readonly onPhase?: (phase: Phase) => void;
  /** Waits until a process that looked before a flag was written has acted, and until listings show the flag. */
  readonly settle: () => Promise<void>;
  /** The {@link import('./garbage-clock.ts').GarbageClock}, by which content grows old. */
  readonly now: () => number;
  readonly counts: CycleCounts;
}

/** What a cycle works with. `objects` is the reader's: its listings fail where they cannot show everything. */
export interface Cycle extends CycleContext {
  readonly reader: CollectorReader;
}

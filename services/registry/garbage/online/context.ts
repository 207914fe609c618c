import type { Sha256Digest } from '../../oci/digest.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

/** What decides when something goes. Times in milliseconds. */
export interface GarbageSettings {
  /** How long something has to be out of use, as two scans see it, before it goes into quarantine. */
  readonly graceMs: number;
  /** How long it stays there, served like anything else, before it is deleted. */
  readonly quarantineMs: number;
  /** Manifests count only if a tag leads to them; else all do. */
  readonly deleteUntagged: boolean;
}

/** What the collector is about. */
export type Phase = 'idle' | 'scanning' | 'marking' | 'deleting' | 'comparing';

/** How far a cycle is, and what came of it: counts of blobs unless they say otherwise. */
export interface CycleCounts {
  /** Objects that listings have shown. */
  objectsListed: number;
  manifestsRead: number;
  stored: number;
  inUse: number;
  /** Out of use, and waiting to be so long enough for quarantine. */
  suspected: number;
  /** Put into quarantine by this cycle. */
  quarantined: number;
  /** In quarantine when the cycle ended. */
  inQuarantine: number;
  /** Found in use again, or rescued. */
  released: number;
  deleted: number;
  /** Links and records that went with them. */
  linksDeleted: number;
}

/** Nothing yet. */
export function newCounts(): CycleCounts {
  return {
    ...{ objectsListed: 0, manifestsRead: 0, stored: 0, inUse: 0, suspected: 0, quarantined: 0 },
    ...{ inQuarantine: 0, released: 0, deleted: 0, linksDeleted: 0 },
  };
}

/** What a cycle is about to delete, unless somebody rescues it in the very moment. */
export interface Doomed {
  /** The lists of quarantine that it stands in; they go with it. */
  readonly lists: readonly string[];
  readonly blobs: number;
  /** Each of them; may be asked for once. */
  readonly digests: Iterable<Sha256Digest>;
}

/** What a cycle works with. */
export interface CycleContext {
  readonly objects: ObjectStore;
  readonly settings: GarbageSettings;
  readonly signal: AbortSignal;
  /** True to change nothing. */
  readonly dryRun: boolean;
  /** Throws when this worker may not delete (any more). Asked right before each request that changes something. */
  readonly mayChange: () => Promise<void>;
  /** Hears what is about to be deleted, before anything is; nothing is when it throws. Not called when nothing is. */
  readonly onDoomed?: (doomed: Doomed) => Promise<void>;
  readonly onPhase?: (phase: Phase) => void;
  /** Waits for so long: for whoever looked before a flag was there to be seen, and for listings to show it. */
  readonly settle: () => Promise<void>;
  readonly now: () => number;
  readonly counts: CycleCounts;
}

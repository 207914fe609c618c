import {
  type CycleContext,
  type GarbageSettings,
  newCounts,
} from '../../services/registry/garbage/online/context.ts';
import { collectOnce } from '../../services/registry/garbage/online/cycle.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';

export const HOUR = 3_600_000;

/** What a cycle is done with. */
export interface CycleOptions extends Partial<GarbageSettings> {
  /** The collector's clock, milliseconds since 1970. */
  readonly at?: number;
  readonly dryRun?: boolean;
  readonly mayChange?: () => Promise<void>;
}

/** One cycle of the collector at a moment that is chosen: no grace, an hour of quarantine unless told otherwise. */
export async function cycle(objects: ObjectStore, options: CycleOptions = {}) {
  const { at = 0, dryRun = false, mayChange = async () => undefined, ...settings } = options;
  const counts = newCounts();
  const context: CycleContext = {
    ...{ objects, dryRun, mayChange, counts, fence: OPEN_FENCE },
    settings: { graceMs: 0, quarantineMs: HOUR, deleteUntagged: false, ...settings },
    signal: new AbortController().signal,
    settle: async () => undefined,
    now: () => at,
  };
  const result = await collectOnce(context);
  return { ...result, counts };
}

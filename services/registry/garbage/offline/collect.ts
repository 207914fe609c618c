import type { ObjectStore } from '../../storage/object-store.ts';
import { type GarbagePlan, type PlanOptions, planGarbage } from './plan.ts';
import { sweep } from './sweep.ts';
import { type Run, type SwitchOptions, switchWritesOff, type WritesOff } from './writes-off.ts';

export interface CollectOptions extends PlanOptions, Pick<SwitchOptions, 'lateMs'> {
  readonly run: Run;
  /** Called with a switch that was thrown before. */
  readonly onBefore?: (before: NonNullable<WritesOff['before']>) => void;
  /** Called with what will be deleted, before anything is; nothing is when it throws. */
  readonly onPlan?: (plan: GarbagePlan) => Promise<void> | void;
  /** Called with how many more objects were deleted. */
  readonly onDeleted?: (objects: number) => void;
}

/**
 * Collects garbage: stops writes on every node, plans, deletes what the plan names, and allows writes again, also when
 * it fails or `signal` aborts it. Ended at any moment, by whatever means, it leaves a store without dangling
 * links; then doing it again finishes it.
 */
export async function collectGarbage(objects: ObjectStore, options: CollectOptions): Promise<GarbagePlan> {
  const { run, signal, lateMs, onBefore, onPlan, onDeleted } = options;
  await using off = await switchWritesOff(objects, run, { signal, lateMs });
  if (off.before) onBefore?.(off.before);
  const plan = await planGarbage(objects, options);
  await onPlan?.(plan);
  const mayContinue = async () => {
    signal?.throwIfAborted();
    await off.confirm();
  };
  await sweep(objects, plan, { mayChange: mayContinue, fence: off.fence, onDeleted });
  return plan;
}

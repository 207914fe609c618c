import { hostname } from 'node:os';
import type { Audit } from '../../registry/audit/audit.ts';
import { UnreadableError } from '../../registry/garbage/collector-reader.ts';
import { describeKept } from '../../registry/garbage/kept-whole.ts';
import { collectGarbage } from '../../registry/garbage/offline/collect.ts';
import { type GarbagePlan, planGarbage } from '../../registry/garbage/offline/plan.ts';
import { WritesOffError } from '../../registry/garbage/offline/writes-off.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { ACTOR } from '../actor.ts';
import { recordLocal } from '../audit.ts';
import { Spinner } from '../spinner.ts';
import { fail, print, printError } from '../table.ts';
import { detailsOf, type ReportOptions, showPlan } from './garbage-report.ts';

export interface GarbageCollectOptions extends ReportOptions {
  /** Also delete manifests that no tag leads to. */
  readonly deleteUntagged: boolean;
  /** Younger content stays: it may belong to a push in progress. */
  readonly graceMs: number;
}

const PROGRESS_MS = 200;

/**
 * Deletes what nothing refers to any more, with writes off on every node; a dry run shows the same plan and changes
 * nothing. The exit code is 1 when not everything could be done.
 */
export async function garbageCollectCommand(
  objects: ObjectStore,
  audit: Audit,
  options: GarbageCollectOptions,
): Promise<void> {
  const { dryRun, deleteUntagged, graceMs } = options;
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => stop.abort(new StoppedError(signal));
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const spinner = Spinner.start('looking for garbage');
  const showProgress = (text: string) => spinner?.show(text);
  let deleted = 0;
  const shown = (plan: GarbagePlan) => {
    spinner?.clear();
    showPlan(plan, options);
    if (plan.kept.length > 0)
      fail([...plan.kept.map(describeKept), '"roadstead check" says what to do about each']);
  };
  const planOptions = {
    deleteUntagged,
    youngerThan: new Date(Date.now() - graceMs),
    signal: stop.signal,
    onArea: throttled((area) => showProgress(`looking for garbage: ${area}`)),
  };
  try {
    if (!dryRun) showProgress('waiting until no write is under way');
    if (dryRun) return shown(await planGarbage(objects, planOptions));
    await collectGarbage(objects, {
      ...planOptions,
      run: { by: name(), isRunning },
      onBefore: (before) => printError(`writes were off already, since ${before.since}, by ${before.by}`),
      onPlan: async (plan) => {
        shown(plan);
        await recordLocal(audit, { action: 'garbage.delete', details: detailsOf(plan) });
      },
      onDeleted: (count) => {
        deleted += count;
        showProgress(`${deleted} objects deleted`);
      },
    });
    if (!options.json) print(`${deleted} objects deleted`);
  } catch (cause) {
    spinner?.stop();
    const error: unknown = stop.signal.aborted ? stop.signal.reason : cause;
    if (!isForPeople(error)) throw error;
    fail(error.message);
    if (error instanceof UnreadableError) printError(...error.unreadable.map((each) => `  ${each}`));
    else if (deleted > 0) printError(`${deleted} objects were deleted; run this again to finish`);
  } finally {
    spinner?.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

class StoppedError extends Error {
  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
  }
}

function isForPeople(error: unknown): error is Error {
  return error instanceof StoppedError || error instanceof UnreadableError || error instanceof WritesOffError;
}

const NAME = /, process (\d+) on (\S+)$/;

/** This run's name in the switch of writes. */
function name(): string {
  return `${ACTOR}, process ${process.pid} on ${hostname()}`;
}

/** Whether the process with this name runs; unknown on another machine. */
function isRunning(by: string): boolean | undefined {
  const [, pid, host] = NAME.exec(by) ?? [];
  if (host !== hostname()) return undefined;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    // It runs, and is another person's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function throttled(act: (text: string) => void): (text: string) => void {
  let last = 0;
  return (text) => {
    if (performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    act(text);
  };
}

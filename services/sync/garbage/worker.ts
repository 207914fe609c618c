import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '../../http/metrics.ts';
import type { Audit } from '../../registry/audit/audit.ts';
import { UnreadableError } from '../../registry/garbage/collector-reader.ts';
import { type CycleContext, type GarbageSettings, newCounts } from '../../registry/garbage/online/context.ts';
import { collectOnce } from '../../registry/garbage/online/cycle.ts';
import type { Clocks, GarbageClock } from '../../registry/garbage/online/garbage-clock.ts';
import { paced } from '../../registry/garbage/online/paced.ts';
import {
  collectorLeases,
  hearRequest,
  IDLE,
  isCycleRequested,
  type Progress,
  readProgress,
  withoutCycle,
} from '../../registry/garbage/online/progress.ts';
import { type PurgeSettings, purgeUploads } from '../../registry/garbage/online/purge-uploads.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { messageOf } from '../../registry/runtime/message-of.ts';
import { LATE_MS } from '../../registry/storage/fence.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';
import { readNotice } from '../../registry/storage/read-only.ts';
import { runDuties } from '../duties.ts';
import { Lease, type LeaseTiming } from '../lease.ts';
import { clockOf, MACHINE_CLOCKS } from './machine-clocks.ts';
import { type GarbageMetrics, garbageMetrics, showLastCycle } from './metrics.ts';
import { recordDeletion } from './record-deletion.ts';
import { WorkerFence } from './worker-fence.ts';

/** What the worker has to do, and when. Times in milliseconds. */
export interface GarbageWorkerSettings {
  readonly collecting: (GarbageSettings & { readonly intervalMs: number }) | undefined;
  readonly purging: PurgeSettings | undefined;
  /** The limit of requests to the store; undefined for no limit. */
  readonly requestsPerSecond: number | undefined;
}

export interface GarbageWorkerParts {
  readonly objects: ObjectStore;
  readonly settings: GarbageWorkerSettings;
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly logger: Log;
  readonly timing?: LeaseTiming;
  /** {@link TAKEOVER_MS}, {@link SETTLE_MS}, {@link POLL_MS} and {@link FIRST_PURGE_MS}, unless given. */
  readonly takeoverMs?: number;
  readonly settleMs?: number;
  readonly pollMs?: number;
  readonly firstPurgeMs?: number;
  /** The machine's, unless given. */
  readonly clocks?: Clocks;
}

/** A request that a worker made, and saw no answer to, has taken effect within this time, or never will. */
const TAKEOVER_MS = LATE_MS;
/** Within this time, listings show what was written before. */
const SETTLE_MS = 1000;
/** How often it looks for work. */
const POLL_MS = 5000;
/** A process that has just started has other things to do, and processes that start together should not all look. */
const FIRST_PURGE_MS = 60_000;
const RETRY_MS = { first: 5000, most: 10 * 60_000 } as const;
/** How old a look at the read-only switch may be. */
const NOTICE_AGE_MS = 1000;
/** How many repositories are named of which everything is kept. */
const KEPT_MAX = 100;

/**
 * Collects garbage and purges uploads. Any number may run, anywhere; one works, and the others wait to take over. A
 * predecessor that has not certainly ended may still have a request under way, and so may this worker after a request
 * without an answer: nothing is changed before that is over.
 */
export class GarbageWorker implements AsyncDisposable {
  readonly #parts: Omit<GarbageWorkerParts, 'metrics'> & { readonly metrics: GarbageMetrics };
  readonly #objects: ObjectStore;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #startedAt = performance.now();
  /** By which content and uploads grow old. */
  readonly #clock: GarbageClock;
  #progress = IDLE;
  #requests = 0;
  #isMoreDue = false;
  /** After a failure, not before this moment of the monotonic clock. */
  #notBefore = 0;
  /** After a purge that left a doubt, not before this moment: a collection comes first. */
  #purgeNotBefore = 0;
  #pauseMs: number = RETRY_MS.first;
  #notice = { isOn: false, seenAt: Number.NEGATIVE_INFINITY };

  constructor(parts: GarbageWorkerParts) {
    this.#parts = { ...parts, metrics: garbageMetrics(parts.metrics) };
    this.#objects = paced(parts.objects, parts.settings.requestsPerSecond, () => {
      this.#requests++;
      this.#parts.metrics.garbageRequests.inc();
    });
    const { collecting, purging } = parts.settings;
    const timesMs = [collecting?.graceMs, collecting?.quarantineMs, purging?.ageMs];
    this.#clock = clockOf(parts.clocks ?? MACHINE_CLOCKS, timesMs, parts.logger);
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { objects, logger, timing, pollMs = POLL_MS } = this.#parts;
    const { signal } = this.#stop;
    const leases = collectorLeases(objects);
    const firstState = (previous: Progress = IDLE) => {
      this.#clock.follow({ clock: previous.clock });
      return { ...previous, clock: this.#clock.state };
    };
    while (!signal.aborted) {
      try {
        const progress = await readProgress(objects);
        this.#clock.follow(progress);
        if (progress) showLastCycle(this.#parts.metrics, progress);
        const { is } = this.#due(progress ?? IDLE);
        // A worker without work takes no lease: an idle registry writes nothing.
        if (is || (await isCycleRequested(objects)))
          await this.#work(await Lease.acquire(leases, firstState, signal, timing));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, "the garbage collection's worker starts over");
        await sleep(RETRY_MS.first, undefined, { signal }).catch(() => undefined);
      }
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Does what is due, until stopped, or until another worker has taken over. */
  async #work(lease: Lease<Progress>): Promise<void> {
    this.#progress = withoutCycle(lease.state);
    try {
      await runDuties(this.#stop.signal, (signal) => [
        lease.keep(() => this.#stored(), signal),
        this.#doWhatIsDue(lease, signal),
      ]);
    } finally {
      await lease.release(() => ({ ...this.#stored(), phase: 'idle' }));
    }
  }

  #stored(): Progress {
    return { ...this.#progress, clock: this.#clock.state };
  }

  async #doWhatIsDue(lease: Lease<Progress>, signal: AbortSignal): Promise<void> {
    const { takeoverMs = TAKEOVER_MS, objects } = this.#parts;
    if (!lease.isSuccessionClean) await sleep(takeoverMs, undefined, { signal });
    lease.outwaited();
    const fence = new WorkerFence(lease, signal, takeoverMs);
    if (this.#due(this.#progress).purging) await this.#purge(lease, fence, signal);
    // Nothing more is changed under this lease; the next owner waits.
    if (fence.hasDoubt) return;
    const isAsked = await isCycleRequested(objects);
    // The request is removed before the cycle, so that one that arrives during the cycle leads to another.
    if (isAsked) await hearRequest(objects, fence);
    if (!isAsked && !this.#due(this.#progress).collecting) return;
    try {
      this.#isMoreDue = await this.#collect(fence, signal);
      this.#pauseMs = RETRY_MS.first;
    } catch (error) {
      if (signal.aborted || !lease.isFresh) throw error;
      this.#report(fence.reasonOf(error), 'garbage collection: a cycle has failed');
      this.#parts.metrics.garbageFailures.inc();
      this.#notBefore = performance.now() + this.#pauseMs;
      this.#pauseMs = Math.min(this.#pauseMs * 2, RETRY_MS.most);
    }
  }

  #due({ last, trouble, purge: purged }: Progress) {
    const { settings, firstPurgeMs = FIRST_PURGE_MS } = this.#parts;
    const { collecting, purging } = settings;
    const now = performance.now();
    const isCollecting =
      collecting !== undefined &&
      now >= this.#notBefore &&
      (this.#isMoreDue ||
        last === undefined ||
        trouble !== undefined ||
        isOver(last.startedAt, collecting.intervalMs));
    const isPurging =
      purging !== undefined &&
      now >= Math.max(this.#startedAt + firstPurgeMs, this.#purgeNotBefore) &&
      // Uploads are as old as the store says; after a step of the clock, their times may be wrong by as much.
      !this.#clock.wasStepped(purging.ageMs) &&
      (purged === undefined || isOver(purged.endedAt, purging.intervalMs));
    return { collecting: isCollecting, purging: isPurging, is: isCollecting || isPurging };
  }

  async #collect(fence: WorkerFence, signal: AbortSignal): Promise<boolean> {
    const { settings, metrics, logger, settleMs = SETTLE_MS } = this.#parts;
    if (settings.collecting === undefined || (await this.#isReadOnly())) return false;
    const startedAt = new Date().toISOString();
    const counts = newCounts();
    this.#requests = 0;
    const { trouble: _trouble, ...before } = this.#progress;
    this.#progress = { ...before, startedAt, counts };
    metrics.garbageWorking.set(1);
    const context: CycleContext = {
      ...{ objects: this.#objects, settings: settings.collecting, signal, dryRun: false, counts },
      mayChange: () => this.#mayChange(fence),
      fence,
      onToDelete: (toDelete) => recordDeletion(this.#parts.audit, toDelete),
      onPhase: (phase) => {
        this.#progress = { ...this.#progress, phase, requests: this.#requests };
      },
      settle: async () => void (await sleep(settleMs, undefined, { signal })),
      now: () => this.#clock.now(),
      wallNow: (this.#parts.clocks ?? MACHINE_CLOCKS).wall,
    };
    try {
      const { isMoreDue, kept } = await collectOnce(context);
      const endedAt = new Date().toISOString();
      const last = { startedAt, endedAt, counts, requests: this.#requests };
      const named = kept.slice(0, KEPT_MAX);
      const { kept: _kept, ...rest } = withoutCycle(this.#progress);
      this.#progress = { ...rest, last, ...(named.length > 0 && { kept: named }) };
      for (const each of named)
        logger.warn({ ...each }, 'garbage collection: everything of a repository is kept');
      for (const outcome of ['quarantined', 'released', 'deleted'] as const)
        metrics.garbageBlobs.inc({ outcome }, counts[outcome]);
      showLastCycle(this.#parts.metrics, this.#progress);
      logger.info({ ...counts, requests: this.#requests }, 'garbage collection: a cycle has ended');
      return isMoreDue;
    } finally {
      metrics.garbageWorking.set(0);
      this.#progress = { ...this.#progress, phase: 'idle' };
    }
  }

  async #purge(lease: Lease<Progress>, fence: WorkerFence, signal: AbortSignal): Promise<void> {
    const { settings, metrics, logger, clocks = MACHINE_CLOCKS } = this.#parts;
    const { purging } = settings;
    if (purging === undefined || (await this.#isReadOnly())) return;
    try {
      const mayChange = () => this.#mayChange(fence);
      const now = Math.min(this.#clock.now(), clocks.wall());
      const purged = await purgeUploads({
        ...{ objects: this.#objects, settings: purging, now, signal, mayChange, fence, logger },
      });
      if (!purging.dryRun) metrics.uploads.inc({ outcome: 'purged' }, purged);
      const endedAt = new Date().toISOString();
      const { trouble, ...before } = this.#progress;
      // The next cycle removes it. If none will come, it was of a purge.
      const isLeft = trouble !== undefined && settings.collecting !== undefined;
      const purge = { endedAt, purged, dryRun: purging.dryRun };
      this.#progress = { ...before, ...(isLeft && { trouble }), purge };
    } catch (error) {
      if (signal.aborted || !lease.isFresh) throw fence.reasonOf(error);
      if (fence.hasDoubt) {
        this.#report(fence.reasonOf(error), 'cannot purge uploads; collecting first');
        this.#purgeNotBefore = performance.now() + RETRY_MS.most;
        return;
      }
      logger.warn({ err: error }, 'cannot purge uploads; trying again');
      await sleep(RETRY_MS.first, undefined, { signal });
    }
  }

  /** Throws when another worker may have taken over, an answer is missing, or writes are off. */
  async #mayChange(fence: WorkerFence): Promise<void> {
    if (await this.#isReadOnly())
      throw new Error('writes are off (roadstead read-only): nothing more is deleted');
    // Checked last: from here to the request, nothing may take long.
    fence.check();
  }

  async #isReadOnly(): Promise<boolean> {
    if (performance.now() - this.#notice.seenAt > NOTICE_AGE_MS) {
      const seenAt = performance.now();
      this.#notice = { isOn: (await readNotice(this.#parts.objects)) !== undefined, seenAt };
    }
    return this.#notice.isOn;
  }

  #report(error: unknown, what: string): void {
    const { logger } = this.#parts;
    const trouble = messageOf(error);
    const unreadable = error instanceof UnreadableError ? error.unreadable : undefined;
    logger.warn({ err: error, ...(unreadable && { unreadable }) }, what);
    const named = unreadable ? `${trouble}: ${unreadable.slice(0, 10).join('; ')}` : trouble;
    this.#progress = { ...withoutCycle(this.#progress), trouble: named };
    showLastCycle(this.#parts.metrics, this.#progress);
  }
}

function isOver(since: string, ms: number): boolean {
  const passedMs = Date.now() - Date.parse(since);
  return passedMs >= ms || passedMs < 0;
}

import type { Metrics } from '../../http/metrics.ts';
import { uploadsCounter } from '../../http/shared-metrics.ts';
import type { Progress } from '../../registry/garbage/online/progress.ts';

export type GarbageMetrics = ReturnType<typeof garbageMetrics>;

/** What the collector and the purge of uploads add to. */
export function garbageMetrics(metrics: Metrics) {
  return {
    uploads: uploadsCounter(metrics),
    garbageWorking: metrics.gauge('roadstead_garbage_collecting', '1 while this process collects garbage.'),
    garbageRequests: metrics.counter(
      'roadstead_garbage_requests_total',
      'Requests to the store for collecting garbage and purging uploads.',
    ),
    garbageBlobs: metrics.counter(
      'roadstead_garbage_blobs_total',
      'Blobs of finished cycles, by outcome: quarantined, released (in use again), deleted.',
      'outcome',
    ),
    garbageQuarantine: metrics.unsetGauge(
      'roadstead_garbage_quarantined_blobs',
      'Blobs in quarantine after the last cycle, of any worker; missing before the first.',
    ),
    garbageCycleAt: metrics.unsetGauge(
      'roadstead_garbage_cycle_timestamp_seconds',
      'When a cycle last came to its end, of any worker, as Unix time; missing before the first.',
    ),
    garbageTrouble: metrics.unsetGauge(
      'roadstead_garbage_failing',
      '1 if the last cycle of any worker failed ("roadstead gc status" says why), 0 if not; missing before the first.',
    ),
    garbageCycleSeconds: metrics.unsetGauge(
      'roadstead_garbage_cycle_duration_seconds',
      'How long the last finished cycle took, of any worker; missing before the first.',
    ),
    garbageFailures: metrics.counter(
      'roadstead_garbage_failures_total',
      'Cycles that failed; the log and "roadstead gc status" say why.',
    ),
  };
}

/** Reports what the last cycle did, whichever worker did it. */
export function showLastCycle(metrics: GarbageMetrics, { last, trouble }: Progress): void {
  if (last || trouble !== undefined) metrics.garbageTrouble.set(trouble === undefined ? 0 : 1);
  if (!last) return;
  const endedAt = Date.parse(last.endedAt) / 1000;
  metrics.garbageCycleAt.set(endedAt);
  metrics.garbageCycleSeconds.set(endedAt - Date.parse(last.startedAt) / 1000);
  metrics.garbageQuarantine.set(last.counts.inQuarantine);
}

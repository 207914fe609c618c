import type { Metrics } from '../../http/metrics.ts';
import { uploadsCounter } from '../../http/shared-metrics.ts';

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
    garbageQuarantine: metrics.gauge(
      'roadstead_garbage_quarantined_blobs',
      'Blobs in quarantine after the last cycle of this process.',
    ),
    garbageCycleAt: metrics.gauge(
      'roadstead_garbage_cycle_timestamp_seconds',
      'When this process last finished a cycle, as Unix time.',
    ),
    garbageFailures: metrics.counter(
      'roadstead_garbage_failures_total',
      'Cycles that failed; the log and "roadstead gc status" say why.',
    ),
  };
}

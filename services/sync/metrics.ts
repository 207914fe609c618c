import type { Metrics } from '../http/metrics.ts';

/** What publishing to mirrors adds to. */
export function syncedBytes(metrics: Metrics) {
  return metrics.counter(
    'roadstead_synced_bytes_total',
    'Bytes written to mirrors and verified there.',
    'mirror',
  );
}

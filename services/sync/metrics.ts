import type { Metrics } from '../http/metrics.ts';

/** What publishing to mirrors adds to. */
export function syncMetrics(metrics: Metrics) {
  return {
    syncedBytes: metrics.counter(
      'roadstead_synced_bytes_total',
      'Bytes written to mirrors and verified there.',
      'mirror',
    ),
    syncedBlobs: metrics.counter(
      'roadstead_synced_blobs_total',
      'Blobs written to mirrors and verified there.',
      'mirror',
    ),
    looks: metrics.counter(
      'roadstead_mirror_looks_total',
      'Looks of the sync worker at a mirror, by outcome: good, lost (a blob is missing there), failing, blind (this ' +
        'process was too slow to judge).',
      'mirror',
      'outcome',
    ),
    boards: metrics.gauge(
      'roadstead_sync_boards',
      'Boards of mirrors, by whether this process looks after them (owned) or waits for their lease (waiting).',
      'state',
    ),
    lagSeconds: metrics.gauge(
      'roadstead_mirror_lag_seconds',
      'How long ago the oldest publication was made that a mirror does not have yet; 0 if it has all.',
      'mirror',
    ),
  };
}

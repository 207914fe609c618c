import type { Metrics } from '../http/metrics.ts';
import { uploadsCounter } from '../http/shared-metrics.ts';
import type { MirrorStates } from '../registry/publishing/mirrors/mirror-states.ts';

export type ApiMetrics = ReturnType<typeof apiMetrics>;

/** What pulls and pushes add to. */
export function apiMetrics(metrics: Metrics) {
  return {
    uploads: uploadsCounter(metrics),
    uploadedBytes: metrics.counter(
      'roadstead_uploaded_bytes_total',
      'Bytes of blobs and manifests that were received and kept.',
    ),
    redirects: metrics.counter(
      'roadstead_blob_redirects_total',
      'Blob requests sent to a mirror, by mirror and by the rule that chose it.',
      'mirror',
      'rule',
    ),
    repeats: metrics.counter(
      'roadstead_blob_repeats_total',
      'Blob requests of clients that came back shortly after a redirect, by the mirror of that redirect.',
      'mirror',
    ),
    sentToStore: metrics.counter(
      'roadstead_blob_store_redirects_total',
      'Blob requests sent to the object store by a signed URL, by why no mirror was chosen.',
      'reason',
    ),
    served: metrics.counter(
      'roadstead_blob_served_total',
      'Blob requests that the node answered itself, by reason.',
      'reason',
    ),
  };
}

/** Reports the mirrors, as this node sees them, at each scrape. */
export function reportMirrors(metrics: Metrics, board: MirrorStates, head: () => number): void {
  const publications = metrics.gauge(
    'roadstead_publications',
    'The number of the newest publication that this process has seen.',
  );
  const watermarks = metrics.gauge(
    'roadstead_mirror_watermark',
    'The publication up to which a mirror is complete.',
    'mirror',
  );
  const lags = metrics.gauge(
    'roadstead_mirror_lag_publications',
    'How many publications a mirror is behind.',
    'mirror',
  );
  const ups = metrics.gauge('roadstead_mirror_up', '1 when a mirror may be chosen, 0 when not.', 'mirror');
  const missing = metrics.gauge(
    'roadstead_mirror_missing_blobs',
    'How many blobs up to its watermark a mirror lacks.',
    'mirror',
  );
  metrics.onScrape(() => {
    publications.set(head());
    for (const { mirror, watermark, healthy, missing: lacked } of board.states) {
      const labels = { mirror: mirror.name };
      watermarks.set(labels, watermark);
      lags.set(labels, Math.max(0, head() - watermark));
      ups.set(labels, healthy ? 1 : 0);
      missing.set(labels, lacked.size);
    }
  });
}

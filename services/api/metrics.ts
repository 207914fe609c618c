import type { Metrics } from '../http/metrics.ts';
import { MirrorGauges } from '../http/mirror-gauges.ts';
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

/** Reports the mirrors, as this node sees them, at each scrape. Returns what ends that. */
export function reportMirrors(metrics: Metrics, board: MirrorStates, head: () => number): () => void {
  const mirrors = new MirrorGauges(metrics);
  const shown = new Set<string>();
  return metrics.onScrape(() => {
    mirrors.head(head());
    const { states } = board;
    // A reload may have removed mirrors.
    for (const name of shown)
      if (!states.some(({ mirror }) => mirror.name === name)) {
        mirrors.forget(name);
        shown.delete(name);
      }
    for (const { mirror, watermark, healthy, missing } of states) {
      mirrors.set(mirror.name, { watermark, isUp: healthy, missing: missing.size });
      shown.add(mirror.name);
    }
  });
}

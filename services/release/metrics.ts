import type { Metrics } from '../http/metrics.ts';

export type ReleaseMetrics = ReturnType<typeof releaseMetrics>;

/** What promotions add to. */
export function releaseMetrics(metrics: Metrics) {
  return {
    promotions: metrics.counter('roadstead_promotions_total', 'Promotions, by outcome.', 'outcome'),
  };
}

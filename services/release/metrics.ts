import type { Metrics } from '../http/metrics.ts';

export type ReleaseMetrics = ReturnType<typeof releaseMetrics>;

/** How a promotion ends. */
const OUTCOMES = ['promoted', 'already-there', 'dry-run', 'failed'] as const;
/** A promotion may wait for mirrors. */
const SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600];

/** What promotions add to. */
export function releaseMetrics(metrics: Metrics) {
  const promotions = metrics.counter('roadstead_promotions_total', 'Promotions, by outcome.', 'outcome');
  for (const outcome of OUTCOMES) promotions.inc({ outcome }, 0);
  const seconds = metrics.histogram(
    'roadstead_promotion_duration_seconds',
    'Time of promotions, waiting for mirrors included, by outcome.',
    SECONDS,
    'outcome',
  );
  return {
    /** Counts a promotion that has ended. */
    promoted(outcome: (typeof OUTCOMES)[number], tookMs: number): void {
      promotions.inc({ outcome });
      seconds.observe({ outcome }, tookMs / 1000);
    },
  };
}

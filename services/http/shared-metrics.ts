import type { Metrics } from './metrics.ts';

/** Counted by API nodes, and by the process that purges uploads. */
export function uploadsCounter(metrics: Metrics) {
  return metrics.counter('roadstead_uploads_total', 'Uploads, by outcome.', 'outcome');
}

/** Counted where events are queued, and by the process that delivers them. */
export function notificationEventsCounter(metrics: Metrics) {
  return metrics.counter(
    'roadstead_notifications_events_total',
    'Events for an endpoint, by outcome: queued, delivered, dead (kept as dead letters), dropped (lost).',
    'endpoint',
    'outcome',
  );
}

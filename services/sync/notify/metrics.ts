import type { Metrics } from '../../http/metrics.ts';
import { notificationEventsCounter } from '../../http/shared-metrics.ts';

export type NotificationMetrics = ReturnType<typeof notificationMetrics>;

/** What the process that delivers to an endpoint reports. */
export function notificationMetrics(metrics: Metrics) {
  return {
    notificationEvents: notificationEventsCounter(metrics),
    notificationRequests: metrics.counter(
      'roadstead_notifications_requests_total',
      'POSTs to an endpoint, by outcome: accepted, refused (4xx), failed (5xx or no answer).',
      'endpoint',
      'outcome',
    ),
    notificationQueue: metrics.gauge(
      'roadstead_notifications_queued',
      'Events that wait for an endpoint, reported by the process that delivers to it.',
      'endpoint',
    ),
    notificationOldest: metrics.gauge(
      'roadstead_notifications_oldest_age_seconds',
      'How long the oldest event has waited for an endpoint.',
      'endpoint',
    ),
    notificationDead: metrics.gauge(
      'roadstead_notifications_dead_letters',
      'Events for an endpoint that were given up and can be sent again.',
      'endpoint',
    ),
    notificationFailures: metrics.gauge(
      'roadstead_notifications_failures_in_a_row',
      'POSTs to an endpoint that failed since the last one that succeeded.',
      'endpoint',
    ),
  };
}

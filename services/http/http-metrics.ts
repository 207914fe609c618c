import type { Metrics } from './metrics.ts';

export type RequestMetrics = ReturnType<typeof requestMetrics>;

/** What every answered request adds to. */
export function requestMetrics(metrics: Metrics) {
  return {
    requests: metrics.histogram(
      'roadstead_http_request_duration_seconds',
      'Time from a request to the end of its answer.',
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10, 60],
      'process',
      'route',
      'method',
      'status',
    ),
    sentBytes: metrics.counter(
      'roadstead_http_sent_bytes_total',
      'Bytes of answers, as sent.',
      'process',
      'route',
    ),
    refused: metrics.counter(
      'roadstead_http_refused_requests_total',
      'Requests refused because they ask for more than a limit allows, by limit.',
      'limit',
    ),
  };
}

/** What clients are refused for asking too much. */
export function limitMetrics(metrics: Metrics) {
  return {
    closedConnections: metrics.counter(
      'roadstead_http_connections_closed_total',
      'Connections refused (total: the port has too many; client: the client has) or closed for slowness (body, answer).',
      'reason',
    ),
    limitedRequests: metrics.counter(
      'roadstead_http_limited_requests_total',
      'Requests answered with 429, by whose limit they exceeded: client, account.',
      'by',
    ),
  };
}

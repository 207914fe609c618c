import type { Metrics } from './metrics.ts';

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
    inProgress: metrics.gauge(
      'roadstead_http_requests_in_progress',
      'Requests whose answer has not ended.',
      'process',
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

/** Connections that clients are refused. */
export function connectionMetrics(metrics: Metrics) {
  const closedConnections = metrics.counter(
    'roadstead_http_connections_closed_total',
    'Connections refused (total: the port has too many; client: the client has) or closed for slowness (body, answer).',
    'reason',
  );
  for (const reason of ['total', 'client', 'body', 'answer']) closedConnections.inc({ reason }, 0);
  return { closedConnections };
}

/** Requests that clients are refused for asking too often. */
export function rateMetrics(metrics: Metrics) {
  const limitedRequests = metrics.counter(
    'roadstead_http_limited_requests_total',
    'Requests answered with 429, by whose limit they exceeded: client, account.',
    'by',
  );
  for (const by of ['client', 'account']) limitedRequests.inc({ by }, 0);
  return { limitedRequests };
}

/** Reports when the certificate in use ends that a section of the configuration names. */
export function certificateReport(metrics: Metrics, section: string): (notAfter: Date) => void {
  const ends = metrics.gauge(
    'roadstead_tls_certificate_not_after_seconds',
    'When the certificate that a port shows ends, as Unix time, by the section of the configuration that names it.',
    'section',
  );
  return (notAfter) => ends.set({ section }, notAfter.getTime() / 1000);
}

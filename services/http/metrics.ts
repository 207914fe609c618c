import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The process's metrics; one of these a process, passed to whoever counts. */
export class Metrics {
  readonly registry = new Registry();
  readonly #readings: (() => void)[] = [];

  /** Requests by process, route, method and status: labels whose values cannot be made up by clients. */
  readonly requests = new Histogram({
    name: 'roadstead_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['process', 'route', 'method', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10, 60],
    registers: [this.registry],
  });
  readonly sentBytes = new Counter({
    name: 'roadstead_http_sent_bytes_total',
    help: 'Bytes of answers, as sent.',
    labelNames: ['process', 'route'] as const,
    registers: [this.registry],
  });
  readonly uploadedBytes = new Counter({
    name: 'roadstead_uploaded_bytes_total',
    help: 'Bytes of blobs and manifests that came in and were kept.',
    registers: [this.registry],
  });
  readonly redirects = new Counter({
    name: 'roadstead_blob_redirects_total',
    help: 'Blob requests sent to a mirror, by mirror and by the rule that chose it.',
    labelNames: ['mirror', 'rule'] as const,
    registers: [this.registry],
  });
  readonly sentToStore = new Counter({
    name: 'roadstead_blob_store_redirects_total',
    help: 'Blob requests sent to the object store by a signed URL, by why no mirror was chosen.',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });
  readonly served = new Counter({
    name: 'roadstead_blob_served_total',
    help: 'Blob requests that the node answered itself, by reason.',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });
  readonly damagedBlobs = new Counter({
    name: 'roadstead_damaged_blobs_total',
    help: 'Stored blobs and manifests whose bytes were found not to have their digest, once for each version.',
    registers: [this.registry],
  });
  readonly uploads = new Counter({
    name: 'roadstead_uploads_total',
    help: 'Uploads, by what became of them.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly promotions = new Counter({
    name: 'roadstead_promotions_total',
    help: 'Promotions, by what became of them.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly publications = new Gauge({
    name: 'roadstead_publications',
    help: 'The number of the newest publication that this process has seen.',
    registers: [this.registry],
  });
  readonly mirrorWatermark = new Gauge({
    name: 'roadstead_mirror_watermark',
    help: 'The publication up to which a mirror is complete.',
    labelNames: ['mirror'] as const,
    registers: [this.registry],
  });
  readonly mirrorLag = new Gauge({
    name: 'roadstead_mirror_lag_publications',
    help: 'How many publications a mirror is behind.',
    labelNames: ['mirror'] as const,
    registers: [this.registry],
  });
  readonly mirrorUp = new Gauge({
    name: 'roadstead_mirror_up',
    help: '1 when a mirror may be chosen, 0 when not.',
    labelNames: ['mirror'] as const,
    registers: [this.registry],
  });
  readonly syncedBytes = new Counter({
    name: 'roadstead_synced_bytes_total',
    help: 'Bytes written to mirrors and verified there.',
    labelNames: ['mirror'] as const,
    registers: [this.registry],
  });
  readonly notificationEvents = new Counter({
    name: 'roadstead_notifications_events_total',
    help: 'Events for an endpoint, by what became of them: queued, delivered, dead (kept as dead letters), dropped (lost).',
    labelNames: ['endpoint', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly notificationRequests = new Counter({
    name: 'roadstead_notifications_requests_total',
    help: 'POSTs to an endpoint, by outcome: accepted, refused (4xx), failed (5xx or no answer).',
    labelNames: ['endpoint', 'outcome'] as const,
    registers: [this.registry],
  });
  readonly notificationQueue = new Gauge({
    name: 'roadstead_notifications_queued',
    help: 'Events that wait for an endpoint; told by the process that delivers to it.',
    labelNames: ['endpoint'] as const,
    registers: [this.registry],
  });
  readonly notificationOldest = new Gauge({
    name: 'roadstead_notifications_oldest_age_seconds',
    help: 'How long the oldest event has waited for an endpoint.',
    labelNames: ['endpoint'] as const,
    registers: [this.registry],
  });
  readonly notificationDead = new Gauge({
    name: 'roadstead_notifications_dead_letters',
    help: 'Events for an endpoint that were given up and can be sent again.',
    labelNames: ['endpoint'] as const,
    registers: [this.registry],
  });
  readonly notificationFailures = new Gauge({
    name: 'roadstead_notifications_failures_in_a_row',
    help: 'POSTs to an endpoint that failed since the last that did not.',
    labelNames: ['endpoint'] as const,
    registers: [this.registry],
  });
  readonly closedConnections = new Counter({
    name: 'roadstead_http_connections_closed_total',
    help: 'Connections not taken (total: the port has too many; client: the client has) or cut for slowness (body, answer).',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });
  readonly limitedRequests = new Counter({
    name: 'roadstead_http_limited_requests_total',
    help: 'Requests answered with 429 for their number, by whose they are too many: client, account.',
    labelNames: ['by'] as const,
    registers: [this.registry],
  });
  /** Says nothing where no Redis is configured. */
  readonly redisUp = new Gauge({
    name: 'roadstead_redis_up',
    help: '1 when messages over Redis arrive, 0 when not, by mode: single, sentinel, cluster.',
    labelNames: ['mode'] as const,
    registers: [this.registry],
  });
  readonly redisErrors = new Counter({
    name: 'roadstead_redis_errors_total',
    help: 'Failures of Redis, by use: connection, changes (messages not sent), message (malformed ones), locks, attempts (failed logins, counted by each process meanwhile).',
    labelNames: ['use'] as const,
    registers: [this.registry],
  });
  readonly auditEntries = new Counter({
    name: 'roadstead_audit_entries_total',
    help: 'Entries of the audit record, by what became of them: written, failed (and the change was refused).',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly garbageWorking = new Gauge({
    name: 'roadstead_garbage_collecting',
    help: '1 while this process collects garbage.',
    registers: [this.registry],
  });
  readonly garbageRequests = new Counter({
    name: 'roadstead_garbage_requests_total',
    help: 'Requests to the store for collecting garbage and purging uploads.',
    registers: [this.registry],
  });
  readonly garbageBlobs = new Counter({
    name: 'roadstead_garbage_blobs_total',
    help: 'Blobs of finished cycles, by what became of them: quarantined, released (in use again), deleted.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly garbageQuarantine = new Gauge({
    name: 'roadstead_garbage_quarantined_blobs',
    help: 'Blobs in quarantine after the last cycle of this process.',
    registers: [this.registry],
  });
  readonly garbageCycleAt = new Gauge({
    name: 'roadstead_garbage_cycle_timestamp_seconds',
    help: 'When this process last finished a cycle, as Unix time.',
    registers: [this.registry],
  });
  readonly garbageFailures = new Counter({
    name: 'roadstead_garbage_failures_total',
    help: 'Cycles that failed; the log and "roadstead gc status" say why.',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Has `read` set gauges whenever the metrics are asked for. */
  onScrape(read: () => void): void {
    this.#readings.push(read);
  }

  /** All metrics, in Prometheus' text format. */
  scrape(): Promise<string> {
    for (const read of this.#readings) read();
    return this.registry.metrics();
  }
}

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
  readonly served = new Counter({
    name: 'roadstead_blob_served_total',
    help: 'Blob requests that the node answered itself, by reason.',
    labelNames: ['reason'] as const,
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

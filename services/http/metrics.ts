import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';

/**
 * The metrics of one process. Each domain declares its own in a `metrics.ts` next to its code. Declaring a metric twice
 * gives the same one. Values of labels are never made up by clients.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #readings: (() => void)[] = [];
  /** Of {@link scrape}, for `Content-Type`. */
  readonly contentType = this.#registry.contentType;

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  counter<L extends string = never>(name: string, help: string, ...labelNames: L[]): Counter<L> {
    return this.#declare(name, (registers) => new Counter({ name, help, labelNames, registers }));
  }

  gauge<L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L> {
    return this.#declare(name, (registers) => new Gauge({ name, help, labelNames, registers }));
  }

  histogram<L extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ): Histogram<L> {
    return this.#declare(name, (registers) => new Histogram({ name, help, labelNames, buckets, registers }));
  }

  /** Calls `read`, which sets gauges, before each scrape. */
  onScrape(read: () => void): void {
    this.#readings.push(read);
  }

  /** All metrics, in Prometheus' text format. */
  scrape(): Promise<string> {
    for (const read of this.#readings) read();
    return this.#registry.metrics();
  }

  #declare<T extends Metric>(name: string, create: (registers: Registry[]) => T): T {
    return (this.#registry.getSingleMetric(name) as T | undefined) ?? create([this.#registry]);
  }
}

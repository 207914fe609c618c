import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import type { DistributionNames } from './distribution-names.ts';

/** Sets metrics to what is known now. */
export type Reading = () => void | Promise<void>;

/**
 * The metrics of one process. Each domain declares its own in a `metrics.ts` next to its code, and only in a process that
 * knows them. Declaring a metric twice gives the same one. Values of labels are never made up by clients.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #readings = new Set<Reading>();
  /** The same in Distribution's names; undefined where that is switched off. */
  readonly distribution: DistributionNames | undefined;
  /** Of {@link scrape}, for `Content-Type`. */
  readonly contentType = this.#registry.contentType;

  constructor({ distribution }: { readonly distribution?: DistributionNames | undefined } = {}) {
    this.distribution = distribution;
    collectDefaultMetrics({ register: this.#registry });
  }

  counter<L extends string = never>(name: string, help: string, ...labelNames: L[]): Counter<L> {
    return this.#declare(name, (registers) => new Counter({ name, help, labelNames, registers }));
  }

  gauge<L extends string = never>(name: string, help: string, ...labelNames: L[]): Gauge<L> {
    return this.#declare(name, (registers) => new Gauge({ name, help, labelNames, registers }));
  }

  /** A gauge without labels, and without a value until it is set: a 0 would be a statement. */
  unsetGauge(name: string, help: string): Gauge {
    return this.#declare(name, (registers) => {
      const gauge = new Gauge({ name, help, registers });
      gauge.remove();
      return gauge;
    });
  }

  histogram<L extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ): Histogram<L> {
    return this.#declare(name, (registers) => new Histogram({ name, help, labelNames, buckets, registers }));
  }

  /** Calls `read` before each scrape, until the returned function is called. */
  onScrape(read: Reading): () => void {
    this.#readings.add(read);
    return () => this.#readings.delete(read);
  }

  /** All metrics, in Prometheus' text format. */
  async scrape(): Promise<string> {
    await Promise.all([...this.#readings].map((read) => read()));
    const own = await this.#registry.metrics();
    return this.distribution ? own + this.distribution.text() : own;
  }

  #declare<T extends Metric>(name: string, create: (registers: Registry[]) => T): T {
    return (this.#registry.getSingleMetric(name) as T | undefined) ?? create([this.#registry]);
  }
}

import type { Metrics } from './metrics.ts';

/** What is reported of a mirror. */
export interface MirrorReport {
  readonly watermark: number;
  readonly isUp: boolean;
  readonly missing: number;
}

/** Gauges of mirrors, which API nodes and sync workers report as they see them. */
export class MirrorGauges {
  readonly #gauges;
  #head = 0;

  constructor(metrics: Metrics) {
    this.#gauges = {
      publications: metrics.gauge(
        'roadstead_publications',
        'The number of the newest publication that this process has seen.',
      ),
      watermark: metrics.gauge(
        'roadstead_mirror_watermark',
        'The publication up to which a mirror is complete.',
        'mirror',
      ),
      lag: metrics.gauge(
        'roadstead_mirror_lag_publications',
        'How many publications a mirror is behind.',
        'mirror',
      ),
      up: metrics.gauge('roadstead_mirror_up', '1 when a mirror may be chosen, 0 when not.', 'mirror'),
      missing: metrics.gauge(
        'roadstead_mirror_missing_blobs',
        'How many blobs up to its watermark a mirror lacks.',
        'mirror',
      ),
    };
  }

  /** Sets the newest publication; to be called before {@link set}. */
  head(head: number): void {
    this.#head = head;
    this.#gauges.publications.set(head);
  }

  set(mirror: string, { watermark, isUp, missing }: MirrorReport): void {
    const labels = { mirror };
    this.#gauges.watermark.set(labels, watermark);
    this.#gauges.lag.set(labels, Math.max(0, this.#head - watermark));
    this.#gauges.up.set(labels, isUp ? 1 : 0);
    this.#gauges.missing.set(labels, missing);
  }

  /** Leaves a mirror out: another process knows it now. */
  forget(mirror: string): void {
    const { watermark, lag, up, missing } = this.#gauges;
    for (const gauge of [watermark, lag, up, missing]) gauge.remove({ mirror });
  }
}

/**
 * A counter, gauge or histogram in a few additions: it is written on the pull path, for the sake of names alone. prom-client
 * checks and sorts labels for each observation, which takes longer than all of this.
 */
export class TextMetric {
  readonly #name: string;
  readonly #head: string;
  readonly #buckets: readonly number[] | undefined;
  readonly #series = new Map<string, Series>();

  constructor(
    name: string,
    type: 'counter' | 'gauge' | 'histogram',
    help: string,
    buckets?: readonly number[],
  ) {
    this.#name = name;
    this.#head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    this.#buckets = buckets;
  }

  /** Adds to a counter or gauge; `labels` as they are written, such as `code="200"`. */
  add(labels: string, value: number): void {
    this.#of(labels).sum += value;
  }

  /** Sets a counter or gauge. */
  set(labels: string, value: number): void {
    this.#of(labels).sum = value;
  }

  /** Counts a value in a histogram. */
  observe(labels: string, value: number): void {
    const series = this.#of(labels);
    series.sum += value;
    series.count++;
    const at = this.#buckets?.findIndex((le) => value <= le) ?? -1;
    if (at >= 0) series.counts[at] = (series.counts[at] ?? 0) + 1;
  }

  /** In Prometheus' text format; nothing without a series. */
  text(): string {
    if (this.#series.size === 0) return '';
    const lines = [...this.#series].flatMap(([labels, series]) =>
      this.#buckets
        ? this.#histogram(labels, series, this.#buckets)
        : [`${this.#name}{${labels}} ${series.sum}`],
    );
    return `${this.#head}${lines.join('\n')}\n`;
  }

  #histogram(labels: string, { sum, count, counts }: Series, buckets: readonly number[]): string[] {
    let below = 0;
    const lines = buckets.map((le, i) => {
      below += counts[i] ?? 0;
      return `${this.#name}_bucket{${labels},le="${goNumber(le)}"} ${below}`;
    });
    return [
      ...lines,
      `${this.#name}_bucket{${labels},le="+Inf"} ${count}`,
      `${this.#name}_sum{${labels}} ${sum}`,
      `${this.#name}_count{${labels}} ${count}`,
    ];
  }

  #of(labels: string): Series {
    let series = this.#series.get(labels);
    if (series === undefined) {
      series = { sum: 0, count: 0, counts: (this.#buckets ?? []).map(() => 0) };
      this.#series.set(labels, series);
    }
    return series;
  }
}

interface Series {
  sum: number;
  count: number;
  readonly counts: number[];
}

/** A number as Go writes it: the bounds of buckets are labels, which queries compare as text. */
function goNumber(value: number): string {
  if (value < 1e6) return String(value);
  const [digits, exponent = ''] = value.toExponential().split('e+');
  return `${digits}e+${exponent.padStart(2, '0')}`;
}

import { parse, stringify } from 'yaml';

/** How much faster the clock of the tests runs: 5 minutes of a rule are 5 seconds. */
export const FACTOR = 60;
/** Limits of days run faster still: a day is 12 seconds, so that a certificate for three days is one for 36 seconds. */
export const DAYS_FACTOR = 7200;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const ONE = String.raw`\d+(?:ms|[smhdw])`;
const DURATION = new RegExp(`^(?:${ONE})+$`);
/** The durations of PromQL: `[5m]`, `[1h:30s]`, `offset 1d`. */
const RANGE = new RegExp(String.raw`\[((?:${ONE})+)(?::((?:${ONE})+)?)?\]`, 'g');
const OFFSET = new RegExp(String.raw`\boffset\s+((?:${ONE})+)`, 'g');
/** Seconds that an expression compares with are written as a product, such as `14 * 86400`. */
const SECONDS = /\b(\d+) \* (60|3600|86400)\b/g;
const KEYS = new Set(['for', 'keep_firing_for', 'interval', 'scrape_interval', 'evaluation_interval']);

/** A duration of Prometheus, that many times shorter. */
export function shortened(duration: string, factor: number = FACTOR): string {
  if (!DURATION.test(duration)) throw new Error(`not a duration: ${duration}`);
  let ms = 0;
  for (const [, count = '', unit = ''] of duration.matchAll(/(\d+)(ms|[smhdw])/g))
    ms += Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  return `${Math.round(ms / factor)}ms`;
}

/** An expression in which every duration is that many times shorter, and nothing else differs. */
export function fasterExpression(expression: string, factor: number = FACTOR): string {
  return expression
    .replaceAll(RANGE, (whole, range: string, step?: string) => {
      const colon = whole.includes(':') ? `:${step === undefined ? '' : shortened(step, factor)}` : '';
      return `[${shortened(range, factor)}${colon}]`;
    })
    .replaceAll(OFFSET, (_, offset: string) => `offset ${shortened(offset, factor)}`)
    .replaceAll(SECONDS, (_, count: string, unit: string) => {
      const by = unit === '86400' ? (factor * DAYS_FACTOR) / FACTOR : factor;
      return `${count} * ${unit} / ${by}`;
    });
}

/** A file of Prometheus, rules or configuration, whose clock runs that many times faster. */
export function faster(text: string, factor: number = FACTOR): string {
  return stringify(walk(parse(text), factor));
}

function walk(node: unknown, factor: number): unknown {
  if (Array.isArray(node)) return node.map((each) => walk(each, factor));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (typeof value === 'string' && KEYS.has(key)) return [key, shortened(value, factor)];
      if (typeof value === 'string' && key === 'expr') return [key, fasterExpression(value, factor)];
      return [key, walk(value, factor)];
    }),
  );
}

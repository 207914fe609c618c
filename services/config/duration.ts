import { z } from 'zod';
import { LIFETIME_MAX_MS } from '../registry/access/issued/account.ts';
import { about, addProblem } from './key.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3 },
  ...{ ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
};
const NANOSECONDS_PER_MS = 1e6;

const DURATION = 'expected a duration such as 30s, 5m or 1h30m';
const WHOLE = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** The longest duration: beyond it, dates that are computed from it could not be written. */
export const DURATION_MAX_MS = LIFETIME_MAX_MS;
export const DURATION_MAX = 'expected a duration of ten years (87600h) at most';

/** The longest delay: beyond it, JavaScript's timers overflow and fire at once. */
const MAX_MS = 24 * 24 * 3_600_000;

/**
 * A duration as Go writes it (`90s`, `1h30m`), in milliseconds. As in Go, a number without a unit is nanoseconds; the
 * start warns of it. Less than a millisecond is refused, since it is hardly meant.
 */
export const Duration = about(
  z.union([z.string(), z.number()], DURATION).transform((value, context): number => {
    const totalMs = typeof value === 'number' ? value / NANOSECONDS_PER_MS : millisecondsOf(value);
    if (totalMs !== undefined && totalMs > DURATION_MAX_MS) {
      addProblem(context, [], DURATION_MAX);
      return z.NEVER;
    }
    if (totalMs === 0 || (totalMs !== undefined && totalMs >= 1)) return totalMs;
    const hint = typeof value === 'number' ? 'without a unit, Distribution reads it as nanoseconds: ' : '';
    addProblem(context, [], hint + DURATION);
    return z.NEVER;
  }),
  {
    example: '1m30s',
    decide(value, _, verdict) {
      if (typeof value !== 'number' || value === 0) return undefined;
      const warning = `${value} has no unit: it is read as nanoseconds, as Distribution reads it (${value / 1e9} s)`;
      return { ...verdict, warning };
    },
  },
);

/** A duration that a timer can wait for: at most 24 days. */
export const Delay = Duration.refine((ms) => ms <= MAX_MS, 'expected a duration of 24 days (576h) at most');

/** The milliseconds of a duration in Go's notation; undefined for other text. */
export function millisecondsOf(text: string): number | undefined {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) return undefined;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(PART)) totalMs += Number(count) * (UNIT_MS[unit ?? ''] ?? 0);
  return totalMs;
}

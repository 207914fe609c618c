import type { LaneResult, Sample } from '../measure.ts';
import type { Contender } from '../servers/server.ts';

/** The middle value; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The median over rounds of what a lane and another one did in the same round; undefined without the other. */
export function ratio(
  lane: LaneResult,
  lanes: readonly LaneResult[],
  to: Contender,
  value: (sample: Sample) => number,
): number | undefined {
  const other = lanes.find(({ contender }) => contender === to);
  if (other === undefined || other === lane) return undefined;
  return median(
    lane.samples.flatMap((sample, round) => {
      const against = other.samples[round];
      return against ? [value(sample) / value(against)] : [];
    }),
  );
}

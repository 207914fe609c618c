import type { Figures } from './measure.ts';
import { CPU_MAX_MS, DESCRIPTORS_MAX, LIVEZ_MAX_MS, MEMORY_MAX_MB, type Row } from './row.ts';

/** Of a change that takes as long as a slow machine makes it. */
const BEATS_MAX = 20;

/**
 * What is the same on every machine, however busy: the status, requests to the store and descriptors. Each is a line if it
 * is beyond its budget. A change that takes seconds looks at what it pins again, so its requests may be as many once more for
 * each time that it did; and it writes beats of its turn.
 */
export function excessesOf(row: Row, figures: Figures): string[] {
  const { status, answer, storeRequests, looksAgain, descriptors } = figures;
  const beats = row.route.startsWith('GET ') ? 0 : BEATS_MAX;
  return [
    ...(status === row.status ? [] : [`status ${status} instead of ${row.status}: ${answer}`]),
    ...(row.refusal === undefined || row.refusal.test(answer)
      ? []
      : [`refused for another reason: ${answer}`]),
    ...beyond('store requests', storeRequests, row.storeRequests * (1 + looksAgain) + beats),
    ...beyond('descriptors', descriptors, DESCRIPTORS_MAX),
  ];
}

/**
 * What varies: memory, by when garbage is collected, and times, which a busy machine stretches by up to `factor`. A slow `/livez` counts only if the node itself computed for as
 * long without a pause, by the processor's clock: otherwise others had the processor.
 */
export function variableExcessesOf(row: Row, figures: Figures, factor = 1): string[] {
  const { memoryMb, cpuMs, slowestMs, longestMs } = figures;
  return [
    ...beyond('MB of memory', memoryMb, MEMORY_MAX_MB),
    ...beyond('ms of the processor', cpuMs, (row.cpuMs ?? CPU_MAX_MS) * factor),
    ...beyond('ms until /livez answered', Math.min(slowestMs, longestMs), LIVEZ_MAX_MS * factor),
  ];
}

function beyond(what: string, value: number, budget: number): string[] {
  return value <= budget ? [] : [`${Math.round(value)} ${what}, more than ${budget}`];
}

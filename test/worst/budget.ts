import type { Figures } from './measure.ts';
import { CPU_MAX_MS, DESCRIPTORS_MAX, LIVEZ_MAX_MS, MEMORY_MAX_MB, type Row } from './row.ts';

/**
 * What is the same on every machine, however busy: the status, requests to the store, descriptors and memory. Each is a
 * line if it is beyond its budget.
 */
export function excessesOf(row: Row, figures: Figures): string[] {
  const { status, answer, storeRequests, descriptors, memoryMb } = figures;
  return [
    ...(status === row.status ? [] : [`status ${status} instead of ${row.status}: ${answer}`]),
    ...(row.refusal === undefined || row.refusal.test(answer)
      ? []
      : [`refused for another reason: ${answer}`]),
    ...beyond('store requests', storeRequests, row.storeRequests),
    ...beyond('descriptors', descriptors, DESCRIPTORS_MAX),
    ...beyond('MB of memory', memoryMb, row.memoryMb ?? MEMORY_MAX_MB),
  ];
}

/**
 * What a busy machine stretches, by up to this `factor`. A slow `/livez` counts only if the node itself computed for as
 * long without a pause, by the processor's clock: otherwise others had the processor.
 */
export function delaysOf(row: Row, { cpuMs, slowestMs, longestMs }: Figures, factor = 1): string[] {
  return [
    ...beyond('ms of the processor', cpuMs, (row.cpuMs ?? CPU_MAX_MS) * factor),
    ...beyond(
      'ms until /livez answered',
      Math.min(slowestMs, longestMs),
      (row.livezMs ?? LIVEZ_MAX_MS) * factor,
    ),
  ];
}

function beyond(what: string, value: number, budget: number): string[] {
  return value <= budget ? [] : [`${Math.round(value)} ${what}, more than ${budget}`];
}

import type { Recorder } from './recorder.ts';
import type { Fault } from './settings.ts';

/** What has to happen in a minute at the least, or nothing was at stake. */
const OPERATIONS = 400;
const OTHERS: Readonly<Record<string, number>> = {
  promotions: 1,
  'whole images pushed': 1,
  'whole images pulled': 2,
};
const FAULTS: Readonly<Record<Fault, number>> = {
  ...{ kill: 2, pause: 2, 'long pause': 0.1, late: 6, 'lost answer': 5, delay: 5, clock: 2, redis: 2 },
};

/** What has not happened often enough in so many seconds. */
export function lacking(recorder: Recorder, kinds: readonly Fault[], seconds: number): string[] {
  const floors = [
    ['operations', recorder.operations, OPERATIONS] as const,
    ...Object.entries(OTHERS).map(([what, least]) => [what, recorder.counted(what), least] as const),
    ...kinds.map((kind) => [kind, recorder.counted(`fault: ${kind}`), FAULTS[kind]] as const),
  ];
  return floors.flatMap(([what, count, least]) => {
    const wanted = Math.max(1, Math.floor((least * seconds) / 60));
    return count < wanted ? [`${what}: ${count} of ${wanted}`] : [];
  });
}

import type { Scenario } from '../crash/scenario.ts';
import type { Reference } from './play.ts';
import type { Fate, Moment, Plan } from './post.ts';

/**
 * Every way in which a request of a scenario may be late. One that is tried again arrives after the next write, or after
 * any later step; one that failed or whose process was killed also before anything else is done. Steps that write nothing
 * change nothing, and none waits for a step that begins much later.
 */
export function plansOf({ steps }: Scenario, { made }: Reference, fate: Fate): Plan[] {
  return made.flatMap(({ request, step }, at) => {
    // A file that grows is asked for once.
    if (fate === 'tried again' && request.method === 'grow') return [];
    const writes = [...(fate === 'tried again' ? [] : [0]), 1].map((each): Moment => ({ writes: each }));
    const later = made.slice(at + 1).map((each) => each.step);
    const moments = [...writes, ...new Set(later)].map(
      (each): Moment => (typeof each === 'number' ? { step: each } : each),
    );
    const limit = steps.findIndex(({ isMuchLater }, i) => i > step && isMuchLater);
    return moments
      .filter((moment) => 'writes' in moment || limit < 0 || moment.step < limit)
      .map((moment) => ({ number: at + 1, fate, moment }));
  });
}

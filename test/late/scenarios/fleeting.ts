import type { Step } from '../../crash/scenario.ts';

/** A step whose work a later one takes back, so that nothing is left to hold in the end. */
export function fleeting(step: Step): Step {
  return { ...step, does: `${step.does}, for a while`, holds: async () => undefined };
}

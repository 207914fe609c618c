import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../crash/client.ts';
import { endFaults, prepared } from '../crash/matrix.ts';
import { type Lab, Run } from '../crash/run.ts';
import type { Scenario } from '../crash/scenario.ts';
import { differences, stateOf } from '../crash/state.ts';
import { buryHolders } from '../crash/stored.ts';
import { Gate } from './gate.ts';
import { ATTEMPTS, type Outcome, RETRY_MS, type Reference } from './play.ts';

/** A process is paused right before the write with this number, and woken after the step with this index. */
export interface Pause {
  readonly number: number;
  readonly wakesAfter: number;
}

/** Longer than any lease. */
const PAUSE_MS = 100 * 3_600_000;
/** How long one that was woken may take to come to an end of what it was about; then it is killed. */
const ENDS_MS = 3000;

/** Prepares a scenario, and plays it in one process that is never paused. */
export async function unpaused(lab: Lab, scenario: Scenario): Promise<Reference> {
  const beginning = await prepared(lab, scenario);
  const gate = new Gate();
  await using run = new Run({ ...lab, over: gate.over }, scenario, beginning);
  await run.start();
  for (const [at, { act }] of scenario.steps.entries()) {
    gate.step = at;
    await run.let(act);
  }
  const made = [...gate.made];
  const faults = await endFaults(run, scenario, scenario.steps);
  if (faults.length > 0) throw new Error(`with nobody paused: ${faults.join('\n')}`);
  return { beginning, made, state: stateOf(run.stored) };
}

/** Every pause of a scenario: each write, and each later moment at which somebody was acknowledged something. */
export function pausesOf({ steps }: Scenario, { made }: Reference): Pause[] {
  return made.flatMap(({ step }, at) =>
    steps.flatMap((_, i) => (i >= step ? [{ number: at + 1, wakesAfter: i }] : [])),
  );
}

/**
 * Plays a scenario in which a process is paused, and its client goes away: another process does that step and those that
 * come next. The first one wakes when all its leases have run out, and goes on.
 */
export async function playPaused(
  lab: Lab,
  scenario: Scenario,
  { beginning, state }: Reference,
  { number, wakesAfter }: Pause,
): Promise<Outcome> {
  const gate = new Gate(number);
  await using paused = new Run({ ...lab, over: gate.over }, scenario, beginning);
  await using other = new Run(lab, scenario, beginning, paused);
  const faults: string[] = [];
  let acting: Promise<unknown> | undefined;
  await paused.start();
  for (const [at, step] of scenario.steps.entries()) {
    if (acting === undefined) {
      gate.step = at;
      const ended = paused.let(step.act);
      ended.catch(() => undefined);
      if (await Promise.race([ended, gate.paused.then(() => false)])) continue;
      acting = Promise.allSettled([ended]);
      paused.hangUp();
      // Nobody waits in earnest until what it held is free.
      buryHolders(paused.stored);
      await paused.time?.pass(PAUSE_MS);
      await other.start();
      await attempt(other, step.retry ?? step.act, step.does, faults);
    } else await attempt(other, step.act, step.does, faults);
    if (at < wakesAfter) continue;
    gate.wake();
    await Promise.race([Promise.all([acting, paused.handled()]), sleep(ENDS_MS)]);
    await paused.kill();
  }
  if (acting === undefined) return { met: undefined, faults, differs: [] };
  faults.push(...(await endFaults(other, scenario, scenario.steps)));
  const differs = differences(state, stateOf(paused.stored));
  return { met: gate.made[number - 1], faults: [...new Set(faults)], differs };
}

async function attempt(
  run: Run,
  act: Parameters<Run['let']>[0],
  does: string,
  faults: string[],
): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      await run.let(act);
      return;
    } catch (error) {
      if (attempt < ATTEMPTS) await run.time?.pass(RETRY_MS);
      else return void faults.push(`asked to ${does}: ${messageOf(error)}`);
    }
}

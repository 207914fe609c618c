import { messageOf } from './client.ts';
import { faultsOf, LEFT_FOR_GOOD } from './invariants.ts';
import type { Death, WritePoint } from './life.ts';
import { type Beginning, type Lab, Run } from './run.ts';
import type { Scenario, Step } from './scenario.ts';
import { differences, stateOf } from './state.ts';
import { Stored } from './stored.ts';

/** What a scenario comes to without any death. */
export interface Reference {
  readonly beginning: Beginning;
  readonly points: readonly WritePoint[];
  readonly state: Record<string, string>;
}

/** What came of a run. */
export interface Outcome {
  /** Where it died, in order; fewer than asked for when the story was over before. */
  readonly died: readonly { readonly what: string; readonly step: string }[];
  /** What was wrong, a line each. */
  readonly faults: readonly string[];
}

/** Prepares a scenario, and plays it without a death. */
export async function referenceOf(lab: Lab, scenario: Scenario): Promise<Reference> {
  const beginning = await prepared(lab, scenario);
  await using run = new Run(lab, scenario, beginning);
  await run.start();
  for (const step of scenario.steps) await run.let(step.act);
  const points = [...run.life.points];
  const faults = await endFaults(run, scenario, scenario.steps);
  if (faults.length > 0) throw new Error(`without any death: ${faults.join('\n')}`);
  return { beginning, points, state: stateOf(run.stored) };
}

/** What a scenario begins with. */
export async function prepared(lab: Lab, scenario: Scenario): Promise<Beginning> {
  const run = new Run(lab, scenario, { stored: new Stored(), memory: new Map() });
  await run.start();
  await scenario.prepare?.(run.world);
  await run.world.shutDown();
  await run.kill();
  const { stored, memory, mirrorDirectory } = run;
  return { stored, memory, ...(scenario.hasMirror && { mirrorDirectory }) };
}

/** What lies in the store right after a death. */
export async function leftBy(
  lab: Lab,
  scenario: Scenario,
  { beginning }: Reference,
  death: Death,
): Promise<Stored> {
  await using run = new Run(lab, scenario, beginning);
  let isAlive = await run.start(death);
  for (const { act } of scenario.steps) if (isAlive) isAlive = await run.let(act);
  if (isAlive) throw new Error(`write ${death.point} was never come to`);
  return run.stored.copy();
}

/** Plays a scenario with these deaths, one a life; after the last the story goes on to its end. */
export async function play(
  lab: Lab,
  scenario: Scenario,
  { beginning, state }: Reference,
  deaths: readonly Death[],
): Promise<Outcome> {
  await using run = new Run(lab, scenario, beginning);
  const { steps } = scenario;
  const died: { what: string; step: string }[] = [];
  const faults: string[] = [];
  let at = 0;
  for (let life = 0; ; life++) {
    const isAlive = await run.start(deaths[life]);
    let step = 'starting';
    if (isAlive && life > 0) faults.push(...(await broken(run, steps.slice(0, at))));
    // What was under way when it died is tried again, as its client does.
    for (let again = life > 0; isAlive && at < steps.length; again = false) {
      const each = steps[at] as Step;
      step = each.does;
      try {
        if (!(await run.let((again && each.retry) || each.act))) break;
      } catch (error) {
        faults.push(`${again ? 'asked again to' : 'asked to'} ${each.does}: ${messageOf(error)}`);
      }
      at++;
    }
    if (!run.life.isOver) break;
    died.push({ what: run.life.points.at((deaths[life]?.point ?? 0) - 1)?.what ?? '?', step });
    await run.kill();
    const left = [...(await faultsOf(run.stored)), ...(await varied(run, scenario))];
    faults.push(...left.map((fault) => `right after the death: ${fault}`));
  }
  faults.push(...(await endFaults(run, scenario, steps)));
  const differs = differences(state, stateOf(run.stored)).filter(
    (line) => !scenario.mayDiffer?.some(([pattern]) => pattern.test(line)),
  );
  faults.push(...differs.map((line) => `in the end the store ${line}`));
  return { died, faults: [...new Set(faults)] };
}

/** What is wrong in the end, for a process that remembers nothing. */
export async function endFaults(run: Run, scenario: Scenario, steps: readonly Step[]): Promise<string[]> {
  await run.kill();
  await run.start();
  const faults = await broken(run, steps);
  try {
    await scenario.outcome?.(run.world);
  } catch (error) {
    faults.push(`in the end: ${messageOf(error)}`);
  }
  faults.push(...(await varied(run, scenario)).map((fault) => `in the end: ${fault}`));
  return [...faults, ...(await faultsOf(run.stored, LEFT_FOR_GOOD)).map((fault) => `in the end: ${fault}`)];
}

/** How the store is not as the scenario says that it is at any moment. */
async function varied({ stored, memory }: Run, { invariant }: Scenario): Promise<string[]> {
  try {
    await invariant?.({ stored, memory });
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

/** What was acknowledged and is not so any more. */
async function broken(run: Run, steps: readonly Step[]): Promise<string[]> {
  const faults: string[] = [];
  for (const step of steps)
    try {
      await step.holds?.(run.world);
    } catch (error) {
      faults.push(`acknowledged, and lost: ${step.does}: ${messageOf(error)}`);
    }
  return faults;
}

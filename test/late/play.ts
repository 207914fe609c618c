import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../crash/client.ts';
import { endFaults, prepared } from '../crash/matrix.ts';
import { type Beginning, type Lab, Run } from '../crash/run.ts';
import type { Scenario } from '../crash/scenario.ts';
import { differences, stateOf } from '../crash/state.ts';
import { buryHolders } from '../crash/stored.ts';
import { type MadeWrite, type Plan, Post } from './post.ts';

/** What a scenario comes to when no request is late. */
export interface Reference {
  readonly beginning: Beginning;
  readonly made: readonly MadeWrite[];
  readonly state: Record<string, string>;
}

/** What came of a run. */
export interface Outcome {
  /** The request that was held; undefined when it was never made. */
  readonly met: MadeWrite | undefined;
  /** What was wrong, a line each. */
  readonly faults: readonly string[];
  /** How the store differs in the end from one to which nothing came late, a line each. */
  readonly differs: readonly string[];
}

/** How often a client asks again that is answered with an error. */
export const ATTEMPTS = 5;
/** How long it waits before; all of that is longer than anything may come late. */
export const RETRY_MS = 16_000;
const PATIENCE_MS = 45_000;

/** Prepares a scenario, and plays it with all requests in time. */
export async function referenceOf(lab: Lab, scenario: Scenario): Promise<Reference> {
  const beginning = await prepared(lab, scenario);
  const post = new Post();
  await using run = new Run({ ...lab, over: post.over }, scenario, beginning);
  await run.start();
  for (const [at, { act }] of scenario.steps.entries()) {
    post.step = at;
    await run.let(act);
  }
  const made = [...post.made];
  const faults = await endFaults(run, scenario, scenario.steps);
  if (faults.length > 0) throw new Error(`with nothing late: ${faults.join('\n')}`);
  return { beginning, made, state: stateOf(run.stored) };
}

/** Plays a scenario in which one request is late. */
export async function play(
  lab: Lab,
  scenario: Scenario,
  { beginning, state }: Reference,
  plan: Plan,
): Promise<Outcome> {
  const post = new Post(plan);
  await using run = new Run({ ...lab, over: post.over }, scenario, beginning);
  const faults: string[] = [];
  await begin(run);
  for (const [at, step] of scenario.steps.entries()) {
    if (step.isMuchLater) await post.arrive();
    post.step = at;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++)
      try {
        const acting = run.let((attempt > 1 && step.retry) || step.act);
        if (await Promise.race([acting, tooLong(step.does)])) break;
        await reborn(run);
      } catch (error) {
        if (attempt === ATTEMPTS || post.met === undefined)
          faults.push(`asked to ${step.does}: ${messageOf(error)}`);
        // Nobody waits in earnest until what was not given back is free.
        buryHolders(run.stored);
        await run.time?.pass(RETRY_MS);
      }
    await post.ended(at);
  }
  await post.close();
  faults.push(...(await endFaults(run, scenario, scenario.steps)));
  return { met: post.met, faults: [...new Set(faults)], differs: differences(state, stateOf(run.stored)) };
}

/** Rejects when whoever asks has lost patience. */
async function tooLong(does: string): Promise<never> {
  await sleep(PATIENCE_MS, undefined, { ref: false });
  throw new Error(`it takes longer than ${PATIENCE_MS} ms to ${does}`);
}

/** The first process; whoever cannot start, or dies meanwhile, is started again. */
async function begin(run: Run): Promise<void> {
  const isUp = await run.start().catch(() => false);
  if (!isUp) await reborn(run);
}

/** Another process, after one that was killed. */
async function reborn(run: Run): Promise<void> {
  await run.kill();
  await run.start();
}

import type { Client } from './client.ts';
import type { Profile } from './profile.ts';

/** The registry that is held to the specification. */
export interface Target {
  readonly client: Client;
  readonly profile: Profile;
}

/** One promise of the specification, to be held in its place among its neighbours: later ones build on earlier. */
export interface Check {
  readonly title: string;
  readonly run: (on: Target) => Promise<void>;
}

export interface Group {
  readonly title: string;
  readonly members: readonly (Check | Group)[];
}

/** Thrown where the registry does without what the specification only allows (MAY, SHOULD). */
export class Unsupported extends Error {}

/** A check that runs. */
export function check(title: string, run: Check['run']): Check {
  return { title, run };
}

/** Checks under a title. What is false is left out, so that a profile can say `isDev && check(…)`. */
export function group(title: string, members: readonly (Check | Group | false)[]): Group {
  return { title, members: members.filter((member) => member !== false) };
}

/** Makes every check a mocha test, and every group a suite. What is unsupported fails: we claim all of it. */
export function defineTests({ title, members }: Group, target: () => Target): void {
  describe(title, () => {
    for (const member of members) {
      if ('run' in member) it(member.title, () => member.run(target()));
      else defineTests(member, target);
    }
  });
}

/** How a check ended, under the titles that lead to it. */
export interface Outcome {
  /** The titles from the outermost group inwards, joined by ` › `. */
  readonly path: string;
  readonly result: 'passed' | 'failed' | 'unsupported';
  readonly reason: string;
}

/** Runs every check without mocha, failures and all: how the suite itself is tested. */
export async function runChecks(all: Group, target: Target, below = ''): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const path = below + all.title;
  for (const member of all.members) {
    if ('run' in member)
      outcomes.push({ path: `${path} › ${member.title}`, ...(await ended(member, target)) });
    else outcomes.push(...(await runChecks(member, target, `${path} › `)));
  }
  return outcomes;
}

async function ended(one: Check, target: Target): Promise<Pick<Outcome, 'result' | 'reason'>> {
  try {
    await one.run(target);
    return { result: 'passed', reason: '' };
  } catch (error) {
    return { result: error instanceof Unsupported ? 'unsupported' : 'failed', reason: String(error) };
  }
}

/**
 * Promise: a request to the store that takes effect late - because the client library tried again, because its caller got
 * an error, or because its process was killed - takes nothing back that was acknowledged in the meantime. Every write of
 * every scenario is one that comes late, at every step after it.
 */
import { expect } from 'chai';
import pMap from 'p-map';
import type { Scenario } from '../crash/scenario.ts';
import { HARMLESS, KNOWN } from './excuses.ts';
import { Judge } from './judge.ts';
import { type LateLab, openLab } from './lab.ts';
import { plansOf } from './plans.ts';
import { play, type Reference, referenceOf } from './play.ts';
import { FATES, type Plan } from './post.ts';
import { Sample, SEED } from './sample.ts';
import { SCENARIOS } from './scenarios/all.ts';

const AT_ONCE = 32;
const TOLD_MAX = 12;

/** Writes that no scenario makes, or that nobody can wait for, and why they may come late. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'upload-pieces: growLast delete': 'of a claim that has the size in its name, and that nobody takes again',
  'upload-pieces: sealLast grow': 'cuts at a size that a claim has fixed for good',
  'purge-uploads: purgeUploads put':
    'of an upload that goes on; one that ended meanwhile is known, and empty, until the next purge',
  'purge-uploads: purgeUploads removeLeftovers': 'removes by age what no request will name again',
  'quarantine-lists: sweepFlags deleteAll': 'after a death only: names by chance, which nobody writes again',
  'dead-letters: bury put': 'under a name by chance',
  'dead-letters: #deleteOldest deleteAll': 'names by chance, which nobody writes again',
  'inspect: requeue put': 'under a name by chance',
  'inspect: requeue delete': 'a name by chance, which nobody writes again',
  'doubt-objects: #write put': 'a hint, of its only writer; readers skip the doubts that they have seen',
  'doubt-reader: read delete': 'of a hint whose writer always writes all that is new',
  'missing-sets: write put':
    'under a name that is used once; the next set that is written removes what is older',
  'missing-sets: deleteBefore deleteAll': 'names that no board has any more, and no later one will have',
  // The target of a backup has one writer, and no registry runs over the target of a restore.
  'copier: delete deleteAll':
    'of a store with one writer, which is given these names again only by its next run',
  'mark: writeMark put': 'of a store with one writer, which writes it again at its end',
  'restore: run deleteAll': 'of a store that no registry runs over; whoever restores starts one afterwards',
  'wanted-boards: ask put': 'a hint, after which at most one board more changes hands',
};

describe('a request to the store that comes late', () => {
  const sample = new Sample();
  const judge = new Judge(HARMLESS, KNOWN);
  let open: LateLab;
  let played = 0;
  before(async () => {
    open = await openLab();
  });
  after(() => open[Symbol.asyncDispose]());

  for (const scenario of SCENARIOS)
    it(scenario.title, async function () {
      this.timeout(1_800_000);
      const reference = await referenceOf(open.lab, scenario);
      const all = FATES.flatMap((fate) => plansOf(scenario, reference, fate));
      const plans = sample.of(scenario, reference, all);
      const told = await pMap(plans, (plan) => faultsOf(scenario, reference, plan), {
        concurrency: AT_ONCE,
      });
      played++;
      if (this.test) this.test.title += ` (${reference.made.length} writes, ${plans.length} ways)`;
      const faults = told.flat();
      if (faults.length > 0)
        expect.fail(
          [
            `${faults.length} of ${plans.length} ways left a fault; LATE_SEED=${SEED}`,
            ...faults.slice(0, TOLD_MAX),
          ].join('\n'),
        );
    });

  it('was made at every place in the services that writes to the store', function () {
    if (played < SCENARIOS.length) this.skip();
    sample.expectEach(ELSEWHERE);
  });

  it('needs every excuse', function () {
    if (played < SCENARIOS.length || process.env['LATE_MOST'] !== undefined) this.skip();
    expect(judge.needless(sample.isWhole)).to.deep.equal([]);
  });

  /** What came of one way, a text for people; nothing when that is well. */
  async function faultsOf(scenario: Scenario, reference: Reference, plan: Plan): Promise<string[]> {
    const outcome = await play(open.lab, scenario, reference, plan);
    sample.note(outcome);
    const { met: request } = outcome;
    if (request === undefined)
      return scenario.isTimed ? [] : [`write ${plan.number} (${plan.fate}) was never come to`];
    const lines = judge.faultsOf(scenario, outcome);
    if (lines.length === 0) return [];
    const where = `write ${plan.number} (${judge.nameOf(request)}) ${plan.fate}`;
    return [`${where}, arrives after ${JSON.stringify(plan.moment)}:\n  ${lines.join('\n  ')}`];
  }
});

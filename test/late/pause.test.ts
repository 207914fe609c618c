/**
 * Promise: a process that is paused right before a write, and wakes when others have done what its client wanted and more,
 * takes nothing back that they acknowledged. Every write of every scenario is one to pause at.
 */
import { expect } from 'chai';
import pMap from 'p-map';
import type { Scenario } from '../crash/scenario.ts';
import { HARMLESS_PAUSES, KNOWN_PAUSES } from './excuses.ts';
import { Judge } from './judge.ts';
import { type LateLab, openLab } from './lab.ts';
import { type Pause, pausesOf, playPaused, unpaused } from './pausing.ts';
import type { Reference } from './play.ts';
import { Sample, SEED } from './sample.ts';
import { SCENARIOS } from './scenarios/all.ts';

const AT_ONCE = 32;
const TOLD_MAX = 12;

/** Where processes work in the background, for longer than a scenario waits: those are paused in earnest elsewhere. */
const PAUSED = SCENARIOS.filter(
  ({ isTimed, hasMirror, hasReceiver }) => !isTimed && !hasMirror && !hasReceiver,
);

const EARNEST = 'of a worker in the background: processes are paused in earnest in test/history';

/** Writes at which nobody is paused here, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'outbox: #writePart put': EARNEST,
  'queue-reader: #deleteDone delete': EARNEST,
  'dead-letters: #deleteOldest deleteAll': EARNEST,
  'dead-letters: bury put': EARNEST,
  'inspect: requeue put': 'under a name by chance',
  'inspect: requeue delete': 'a name by chance, which nobody writes again',
  'purge-uploads: purgeUploads put':
    'of an upload that goes on; one that ended meanwhile is known, and empty, until the next purge',
  'purge-uploads: purgeUploads removeLeftovers': 'removes by age what no request will name again',
  'quarantine-lists: sweepFlags deleteAll': 'after a death only, and under the fence of the worker',
  'upload-pieces: growLast delete': 'of a claim that has the size in its name, and that nobody takes again',
  'upload-pieces: sealLast grow': 'cuts at a size that a claim has fixed for good',
  'doubt-objects: #write put': EARNEST,
  'doubt-reader: read delete': EARNEST,
  'missing-sets: write put': EARNEST,
  'missing-sets: deleteBefore deleteAll': EARNEST,
  'copier: delete deleteAll': 'of a store with one writer',
  'mark: writeMark put': 'of a store with one writer',
  'restore: run deleteAll': 'of a store that no registry runs over',
  'wanted-boards: ask put': EARNEST,
};

describe('a process that is paused at a write', () => {
  const sample = new Sample();
  const judge = new Judge(HARMLESS_PAUSES, KNOWN_PAUSES);
  let open: LateLab;
  let played = 0;
  before(async () => {
    open = await openLab();
  });
  after(() => open[Symbol.asyncDispose]());

  for (const scenario of PAUSED)
    it(scenario.title, async function () {
      this.timeout(1_800_000);
      const reference = await unpaused(open.lab, scenario);
      const pauses = sample.of(scenario, reference, pausesOf(scenario, reference));
      const told = await pMap(pauses, (pause) => faultsOf(scenario, reference, pause), {
        concurrency: AT_ONCE,
      });
      played++;
      if (this.test) this.test.title += ` (${reference.made.length} writes, ${pauses.length} pauses)`;
      const faults = told.flat();
      const summary = `${faults.length} of ${pauses.length} pauses left a fault; LATE_SEED=${SEED}`;
      if (faults.length > 0) expect.fail([summary, ...faults.slice(0, TOLD_MAX)].join('\n'));
    });

  it('was paused at every place in the services that writes to the store', function () {
    if (played < PAUSED.length) this.skip();
    sample.expectEach(ELSEWHERE);
  });

  it('needs every excuse', function () {
    if (played < PAUSED.length || process.env['LATE_MOST'] !== undefined) this.skip();
    expect(judge.needless(sample.isWhole)).to.deep.equal([]);
  });

  /** What came of a pause, a text for people; nothing when that is well. */
  async function faultsOf(scenario: Scenario, reference: Reference, pause: Pause): Promise<string[]> {
    const outcome = await playPaused(open.lab, scenario, reference, pause);
    sample.note(outcome);
    if (outcome.met === undefined) return [`write ${pause.number} was never come to`];
    const lines = judge.faultsOf(scenario, outcome);
    if (lines.length === 0) return [];
    const wakes = scenario.steps[pause.wakesAfter]?.does;
    return [
      `write ${pause.number} (${judge.nameOf(outcome.met)}), woken after ${wakes}:\n  ${lines.join('\n  ')}`,
    ];
  }
});

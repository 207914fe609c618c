/**
 * Promise: whatever a process is doing when it dies, nothing that it acknowledged is lost, nothing that is unverified can be
 * read, and asking again ends where it would have ended without a death. Every write of every scenario is one to die at,
 * just before it or just after it, by chance; at night both. Which writes there are is found out by running the code.
 */
import { expect } from 'chai';
import pMap from 'p-map';
import { Random } from '../faults/random.ts';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { tempDir } from '../support/temp.ts';
import { hurry } from './hurry.ts';
import { KNOWN } from './known.ts';
import type { Death } from './life.ts';
import { play, type Reference, referenceOf } from './matrix.ts';
import { type DeleteOrder, TOGETHER } from './recording-store.ts';
import type { Lab } from './run.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { PlacesSeen, writePlaces } from './write-places.ts';

const IS_NIGHTLY = process.env['NIGHTLY'] === '1';
/** How many pairs of deaths are tried of each scenario. */
const PAIRS = Number(process.env['CRASH_PAIRS'] ?? (IS_NIGHTLY ? 2 : 1));
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 2 ** 31);
/** Most of a run is waiting. */
const AT_ONCE = 32;
const TOLD_MAX = 12;

/** Writes that no scenario makes, by operation, and what tests them instead. An excuse that is not needed fails. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'tag-names: recordTagName delete':
    'test/unit/turns.test.ts: a tag that moves away from a name by SHA-512; a record that does not fit the link is ignored',
  'purge-uploads: purgeUploads put':
    'test/uploads/files.test.ts: an upload that is gone on with while it is purged',
  'turn-store: deleteBelow deleteBelow': 'test/unit/repository-turns.test.ts: turns that are over; test/late',
  'turn-lines: #sweepLater deleteBelow': 'the same',
  'upload-pieces: growLast delete': 'test/uploads/files.test.ts: a store that fails while a segment grows',
  'upload-pieces: sealLast grow': 'the same, when the upload is closed after that',
  'dead-letters: bury put': 'test/notifications/outbox.test.ts: a receiver that refuses',
  'dead-letters: #deleteOldest deleteAll': 'the same, ten thousand times',
  'inspect: requeue put': 'an operator has dead letters sent again',
  'inspect: requeue delete': 'the same',
  'doubt-objects: #write put': 'test/unit/doubt-objects.test.ts: a hint; what was not written is lost',
  'missing-sets: write put':
    'test/unit/mirror-states.test.ts: a set that no board names yet is read by nobody',
  'missing-sets: deleteBefore deleteAll': 'the same: what the board names is newer',
  'copier: delete deleteAll':
    'test/backup/command.test.ts: a backup follows its store at the next run, and says that it is not complete until then',
  'mark: writeMark put': 'test/backup/command.test.ts: what was interrupted is continued',
  'restore: run deleteAll': 'the same, with writes off until then',
  'wanted-boards: ask put': 'test/mirrors/two-workers.test.ts: a hint, which is repeated',
};

/** As they were when the services were loaded. */
const PLACES = writePlaces();

describe('a process that dies at a write', () => {
  const held = new AsyncDisposableStack();
  const places = new PlacesSeen();
  const random = new Random(SEED);
  let lab: Lab;
  before(async () => {
    held.use(hurry());
    const home = held.use(await tempDir('crash'));
    const web = held.use(await startStaticMirror(home.path));
    lab = { home: home.path, web, recording: { onWrite: places.note } };
  });
  after(() => held.disposeAsync());

  for (const scenario of SCENARIOS)
    it(scenario.title, async function () {
      this.timeout(600_000);
      const reference = await referenceOf(lab, scenario);
      const { points } = reference;
      const single = points.flatMap(({ number }) => deathsAt(number));
      const told = await dieAt(scenario, reference, single);
      told.push(...(await dieAt(scenario, reference, pairsOf(points.length, scenario))));
      const together = points.filter(({ what }) => what.endsWith(TOGETHER));
      // Where a call deletes one key, or has been answered, its order is nothing that can be seen.
      if (together.length > 0)
        told.push(
          ...(await dieAt(
            scenario,
            await referenceOf(orderly('reversed'), scenario),
            together.flatMap(({ number }) => deathsAt(number)),
            'reversed',
          )),
        );
      if (this.test) this.test.title += ` (${points.length} writes)`;
      // In the message: of two lists mocha tells the difference, and here it told nothing.
      if (told.length > 0)
        expect.fail(
          [`${told.length} deaths left a fault; CRASH_SEED=${SEED}`, ...told.slice(0, TOLD_MAX)].join('\n'),
        );
    });

  it('has died at every place in the services that writes to the store', function () {
    if (SCENARIOS.length === 0 || lab === undefined) this.skip();
    const unseen = PLACES.filter(({ place }) => !places.has(place));
    const excused = Object.keys(ELSEWHERE);
    const missed = unseen.filter(({ operation }) => !excused.includes(operation));
    expect(missed).to.deep.equal([]);
    const needless = excused.filter((each) => !unseen.some(({ operation }) => operation === each));
    expect(needless, 'excuses that are needed no more').to.deep.equal([]);
    const vague = excused.filter((each) => PLACES.filter(({ operation }) => operation === each).length > 1);
    expect(vague, 'excuses of several writes').to.deep.equal([]);
  });

  const orderly = (deleteOrder: DeleteOrder): Lab => ({
    ...lab,
    recording: { ...lab.recording, deleteOrder },
  });

  /** What was wrong after each of these sequences of deaths, but for what is known. */
  async function dieAt(
    scenario: Scenario,
    reference: Reference,
    sequences: readonly (readonly Death[])[],
    order: DeleteOrder = 'as-given',
  ): Promise<string[]> {
    const known = KNOWN.filter((each) => each.title === scenario.title && (each.order ?? order) === order);
    const met = new Set<unknown>();
    const told = await pMap(
      sequences,
      async (deaths) => {
        const { died, faults } = await play(orderly(order), scenario, reference, deaths);
        const [first] = deaths;
        const problems = faults.filter((fault) => {
          const found = known.filter((each) => each.fault.test(fault));
          for (const each of found) met.add(each);
          return found.length === 0;
        });
        if (died.length === 0 && !scenario.isTimed) problems.push(`write ${first?.point} was never come to`);
        // What follows from a known fault is not told again.
        if (problems.length === 0 || (known.length > 0 && problems.length < faults.length)) return [];
        const where = deaths.map(
          ({ when, point }, i) => `${when} write ${point} (${died[i]?.what}, to ${died[i]?.step})`,
        );
        return [`killed ${where.join(', then ')}; deletes ${order}:\n  ${problems.join('\n  ')}`];
      },
      { concurrency: AT_ONCE },
    );
    const mended = sequences.length > PAIRS ? known.filter((each) => !met.has(each)) : [];
    return [...told.flat(), ...mended.map(({ fault }) => `known.ts: ${fault} does not happen any more`)];
  }

  const when = (): Death['when'] => (random.chance(0.5) ? 'before' : 'after');

  /** The deaths that are tried at a write, each alone. */
  function deathsAt(point: number): Death[][] {
    const whens = IS_NIGHTLY ? (['before', 'after'] as const) : [when()];
    return whens.map((each) => [{ point, when: each }]);
  }

  /** Deaths one after another: the second one while what the first one broke off is done again. */
  function pairsOf(writes: number, { isTimed }: Scenario): Death[][] {
    if (isTimed) return [];
    const any = () => ({ point: random.int(1, writes), when: when() });
    return Array.from({ length: PAIRS }, () => [any(), any()]);
  }
});

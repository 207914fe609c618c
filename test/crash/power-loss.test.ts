/**
 * Promise: a power cut loses nothing that was acknowledged, and leaves a sound store, on a file system of which nothing is
 * assumed but what POSIX promises: what was synced is there, of the rest anything may be. The cuts come before each call of
 * the file system and after each acknowledgement: the one that leaves the least, and another one by chance; at night of
 * every kind.
 */
import { expect } from 'chai';
import { Random } from '../faults/random.ts';
import { filesOf, textOf } from '../house/source.ts';
import { nightly } from '../support/requirements.ts';
import { hurry } from './hurry.ts';
import { anyPowerCut, NOTHING_LEFT, OTHER_CUTS } from './power/disk.ts';
import { RECORDED_CALLS } from './power/recorded-fs.ts';
import { type TrialResult, tryPowerCuts } from './power/trial.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/all.ts';

const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 2 ** 31);
const IS_NIGHTLY = process.env['NIGHTLY'] === '1';
const TOLD_MAX = 12;

/** They begin in memory, or with a process that has ended. */
const NOT_ON_DISK = new Set([
  'an upload that Distribution began',
  'a tag that the loser of two racing promotions wrote late, before it died',
]);
const onDisk = ({ hasMirror, hasReceiver, title }: Scenario) =>
  !hasMirror && !hasReceiver && !NOT_ON_DISK.has(title);

/**
 * What some cuts may leave, since the deletes of a cancelled upload are not synced: its client may be told either way. Which
 * cuts are tried is left to chance, so the fault need not be met.
 */
const MAY_BE_LEFT: Readonly<Record<string, RegExp>> = {
  'a cancelled upload':
    /acknowledged, and (?:cannot be gone on with: .*BLOB_UPLOAD_UNKNOWN|lost: cancel it: GET .* answered with 204)/,
};

/** Syncs that nobody would miss, and why. */
const NEEDLESS: readonly (readonly [RegExp, string])[] = [
  [
    /^sync file .*\/_uploads\/.*\/bytes\//,
    'synced when it was written, and again before it gets a second name',
  ],
  [/\/_uploads\/[^/]+\/_roadstead$/, 'synced again for the directory of records'],
  [/\/_manifests\/tags\/\d$/, 'synced again for the directory of the history'],
  [/\/_manifests\/tags\/\d\/index/, "a tag's history, which no answer promises"],
];

describe('a file system whose power is cut', () => {
  const held = new DisposableStack();
  const random = new Random(SEED);
  const cuts = () => {
    const others = [...OTHER_CUTS, anyPowerCut(() => random.chance(0.5))];
    return [NOTHING_LEFT, ...(IS_NIGHTLY ? others : random.shuffled(others).slice(0, 1))];
  };
  before(() => {
    held.use(hurry());
  });
  after(() => held.dispose());

  for (const scenario of SCENARIOS.filter(onDisk))
    it(scenario.title, async function () {
      this.timeout(120_000);
      const { faults, states } = await tryPowerCuts(scenario, { cuts });
      if (this.test) this.test.title += ` (${states} states of the disk)`;
      const unexpected = faults.filter((fault) => !MAY_BE_LEFT[scenario.title]?.test(fault));
      expect(unexpected.slice(0, TOLD_MAX), `CRASH_SEED=${SEED}`).to.deep.equal([]);
    });

  describe('would be noticed', () => {
    const scenarios = SCENARIOS.filter(({ title }) =>
      ['a blob in one piece', 'a manifest by a new tag', "a tag's move"].includes(title),
    );

    for (const scenario of [
      ...scenarios,
      ...SCENARIOS.filter(({ title }) => title === 'a promotion of a new image'),
    ])
      it(`with sync: false: ${scenario.title}`, async () => {
        const { faults, syncs } = await tryPowerCuts(scenario, { sync: false, cuts });
        expect(syncs).to.deep.equal([]);
        expect(faults.filter((fault) => fault.includes('acknowledged, and ')).length).to.be.greaterThan(0);
      });

    nightly(describe)('by each sync that is left out', () => {
      for (const scenario of scenarios)
        it(`of: ${scenario.title}`, async function () {
          this.timeout(240_000);
          const { syncs } = await tryPowerCuts(scenario, { cuts });
          const unnoticed: string[] = [];
          for (const [i, { call, path }] of syncs.entries()) {
            const without: TrialResult = await tryPowerCuts(scenario, { forgottenSync: i + 1, cuts });
            if (without.faults.length === 0) unnoticed.push(`${call} ${path}`);
          }
          expect(syncs.length).to.be.greaterThan(10);
          const needed = unnoticed.filter((sync) => !NEEDLESS.some(([pattern]) => pattern.test(sync)));
          expect(needed).to.deep.equal([]);
        });
    });

    it('since the store asks the file system by nothing that is not recorded', () => {
      const reads = [
        'readdir',
        'readFile',
        'realpath',
        'stat',
        'lstat',
        'access',
        'constants',
        'Dirent',
        'Stats',
        'FileHandle',
        'createReadStream',
        'STORE_CALLS',
      ];
      const known = new Set<string>([...RECORDED_CALLS, ...reads]);
      const imported = filesOf('services/stores/filesystem/*.ts').flatMap((path) =>
        [
          ...textOf(path).matchAll(
            /import (?:type )?\{([^}]*)\} from '(?:node:fs(?:\/promises)?|\.\/fs\.ts)'/g,
          ),
        ].flatMap(([, names = '']) => names.split(',').map((name) => name.replace('type ', '').trim())),
      );
      expect(imported).to.include.members(['open', 'rename', 'link']);
      expect([...new Set(imported)].filter((name) => name !== '' && !known.has(name))).to.deep.equal([]);
    });
  });
});

/**
 * Promise: a pull does not fail because a mirror is bad. Once the fault is noticed, every pull succeeds; before that, a
 * client that asks the registry again gets the blob elsewhere, and so the second try of the same command succeeds. Each
 * fault is noticed, those that only a whole read shows within seconds of the first client that met them.
 */
import { expect } from 'chai';
import pMap from 'p-map';
import { requires } from '../support/requirements.ts';
import { type Cell, playCell } from './cell.ts';
import { homeOf } from './client.ts';
import type { Fault } from './faults.ts';
import { cellsOf, faultsOf, GROUPS, type Group, IS_NIGHTLY } from './groups.ts';
import { lineOf, outcomeOf, settingOf } from './table.ts';
import { brokenPromisesOf } from './verdict.ts';

/** Cells mostly wait; ten clients do not. */
const CELLS_AT_ONCE = 4;
const GROUP_TIMEOUT_MS = IS_NIGHTLY ? 3 * 3_600_000 : 600_000;

/** What happened, for the report, and what of it should not have. */
interface Played {
  readonly text: string;
  readonly broken: readonly string[];
}

async function play(cell: Cell): Promise<Played> {
  const { name } = cell.client;
  const home = await homeOf(cell.client);
  if ('reason' in home) return { text: `${name} skipped, ${home.reason}`, broken: [] };
  try {
    const result = await playCell(cell, home);
    const broken = brokenPromisesOf(result).map((each) => `${each}: ${lineOf(result)}`);
    return { text: `${name} ${outcomeOf(result)}`, broken };
  } catch (error) {
    return { text: `${name} not played`, broken: [`could not be played: ${name}: ${String(error)}`] };
  }
}

function promiseOf({ when }: Group, { name, isHarmless }: Fault): string {
  const isFirst = when === 'noticed' || isHarmless === true;
  return `${name}: ${isFirst ? 'the first try succeeds' : 'the second try succeeds at the latest, and it is noticed'}`;
}

const PROGRAMS = ['nginx', 'openssl', 'redis-server', 'redis-cli', 'skopeo', 'containerd', 'ctr'];

requires(PROGRAMS)('A pull when the mirror that comes first is bad', function () {
  this.timeout(GROUP_TIMEOUT_MS);
  for (const group of GROUPS)
    describe(settingOf(group), () => {
      const cells = faultsOf(group).flatMap((fault) => cellsOf(group, fault));
      const played = new Map(cells.map((cell) => [cell, Promise.withResolvers<Played>()]));
      let playing: Promise<unknown> | undefined;
      before(() => {
        const concurrency = group.crowd > 1 ? 1 : CELLS_AT_ONCE;
        playing = pMap(played, async ([cell, { resolve }]) => resolve(await play(cell)), { concurrency });
      });
      after(() => playing);

      for (const fault of faultsOf(group))
        it(promiseOf(group, fault), async function () {
          const own = [...played].filter(([cell]) => cell.fault === fault);
          const all = await Promise.all(own.map(([, { promise }]) => promise));
          if (this.test) this.test.title += ` (${all.map(({ text }) => text).join(', ')})`;
          expect(all).to.have.length.above(0);
          expect(all.flatMap(({ broken }) => broken).join('; ')).to.equal('');
        });
    });
});

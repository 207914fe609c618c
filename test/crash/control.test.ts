/**
 * Promise: the deaths of the matrix are what SIGKILL makes of a process: a store in a directory, whose process kills itself
 * at the same write, holds the same afterwards.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { contentBelow } from '../protocol/on-disk.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import type { Death } from './life.ts';
import { leftBy, referenceOf } from './matrix.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { stateOf } from './state.ts';
import { Stored } from './stored.ts';

const PROGRAM = fileURLToPath(new URL('control-program.ts', import.meta.url));

const DEATHS: readonly (readonly [string, Death])[] = [
  ['a blob in three pieces', { point: 8, when: 'after' }],
  ["a tag's move", { point: 4, when: 'before' }],
  ["a tagged manifest's deletion", { point: 3, when: 'after' }],
  ['a promotion with what is attached', { point: 20, when: 'before' }],
  ['a garbage collection of untagged manifests', { point: 9, when: 'after' }],
  ['a collection while pushes may go on', { point: 27, when: 'before' }],
];

describe('a process that is killed in earnest', () => {
  for (const [title, death] of DEATHS)
    it(`leaves what one in the matrix leaves: ${death.when} write ${death.point} of ${title}`, async function () {
      this.timeout(60_000);
      await using home = await tempDir('control');
      await using web = await startStaticMirror(home.path);
      const scenario = SCENARIOS.find((each) => each.title === title);
      if (scenario === undefined) throw new Error('there is no such scenario');
      const lab = { home: home.path, web, recording: {} };
      const reference = await referenceOf(lab, scenario);
      const left = await leftBy(lab, scenario, reference, death);
      const root = join(home.path, 'store');
      for (const [key, { bytes }] of reference.beginning.stored.held) {
        await mkdir(dirname(join(root, key)), { recursive: true });
        await writeFile(join(root, key), bytes);
      }
      const memory = JSON.stringify([...reference.beginning.memory]);
      const killed = await run(process.execPath, [PROGRAM, root, title, JSON.stringify(death), memory], {
        allowFailure: true,
      });
      expect(killed.code, killed.stderr).to.equal(-1);
      const found = Object.entries(await contentBelow(root)).filter(([path]) => !path.includes('/.tmp/'));
      const files = found.map(([path, base64]) => [path, Buffer.from(base64, 'base64')] as const);
      expect(stateOf(Stored.of(files))).to.deep.equal(stateOf(left));
    });
});

/**
 * Promise: what a killed process left of its writes is gone a day later, when a registry starts, which does not wait for
 * that; and anybody who looks at the store sees it.
 */
import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TemporaryObject } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { readingOnly } from '../../services/stores/reading-only.ts';
import { eventually } from '../support/eventually.ts';
import { real, replacing } from '../support/replaced-calls.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const HOUR_MS = 3_600_000;
/** By name: whether it is a claim (see `claim.ts`), and its age in hours. */
const LEFT: Readonly<Record<string, readonly [isClaim: boolean, ageHours: number]>> = {
  'old-file': [false, 25],
  'young-file': [false, 23],
  'claim-old': [true, 25],
  'claim-young': [true, 23],
};

describe('temporary files', () => {
  let home: TempDir;
  const temporary = (name: string) => join(home.path, 'roadstead', '.tmp', name);
  const left = () => Object.keys(LEFT).filter((name) => existsSync(temporary(name)));
  const open = (mode: 'read' | 'write') =>
    FilesystemStore.open({ rootDirectory: home.path, sync: false, mode });
  beforeEach(async () => {
    home = await tempDir('temporaries');
    for (const [name, [isClaim, ageHours]] of Object.entries(LEFT)) {
      const path = isClaim ? join(temporary(name), 'file') : temporary(name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, isClaim ? 'claimed' : 'left');
      const at = new Date(Date.now() - ageHours * HOUR_MS);
      for (const each of [path, temporary(name)]) await utimes(each, at, at);
    }
  });
  afterEach(() => home[Symbol.asyncDispose]());

  it('go a day after their last write, when a store is opened for writing', async () => {
    await using _store = await open('write');
    await eventually(left, () => left().length === 2);
    expect(left()).to.deep.equal(['young-file', 'claim-young']);
  });

  it('do not hold up the start, nor fail it', async () => {
    const { promise: read, reject: fail } = Promise.withResolvers<never>();
    let reads = 0;
    using _calls = replacing({
      readdir: (async (path: string, ...rest: []) => {
        if (path !== join(home.path, 'roadstead', '.tmp')) return real.readdir(path, ...rest);
        reads++;
        return read;
      }) as unknown as typeof real.readdir,
    });
    await using store = await open('write');
    await eventually('they are looked for', () => reads === 1);
    await store.put('object', Buffer.from('x'));
    fail(new Error('made up'));
  });

  it('stay when a store is opened for reading', async () => {
    await using store = await open('read');
    await store.list({ prefix: '', limit: 10 });
    expect(left()).to.deep.equal(Object.keys(LEFT));
  });

  it('are shown with their sizes, claims with that of their file', async () => {
    await using store = await open('read');
    const found: TemporaryObject[] = [];
    for await (const each of readingOnly(store).temporaries?.() ?? []) found.push(each);
    expect(found.map(({ key, sizeBytes }) => [key, sizeBytes])).to.have.deep.members(
      Object.entries(LEFT).map(([name, [isClaim]]) => [
        `roadstead/.tmp/${name}`,
        (isClaim ? 'claimed' : 'left').length,
      ]),
    );
    expect(found.filter(({ modifiedAt }) => Date.now() - modifiedAt.getTime() > 24 * HOUR_MS)).to.have.length(
      2,
    );
  });
});

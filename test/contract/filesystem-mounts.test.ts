/**
 * Promise: the file system driver works wherever Distribution does: with other mounts below its directory, where it keeps
 * the whole contract, and without hard links, where it keeps what such a file system can.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { EXFAT_PROGRAMS, mountAt, mountExfat, requiresMounts } from '../support/mounts.ts';
import { nightly } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { describeComposing } from './composing.ts';
import { describeObjectStore } from './object-store.ts';
import { describeReading } from './reading.ts';
import { describeWriting } from './writing.ts';

const TMPFS = ['-t', 'tmpfs', '-o', 'size=256m', 'tmpfs'];
/** The suite's keys are below this; see `area.ts`. */
const AREA = 'contract';
/** exFAT takes `T` and `t` for one name, has no name with `?`, and shows readers the moment between old and new. */
const OF_EXFAT = [describeReading, describeWriting, describeComposing];

/** What is left in the directories for temporary files, of the root and of a mount below it. */
function leftoversIn(root: string): string[] {
  return [join('roadstead', '.tmp'), '.roadstead-tmp', join(AREA, '.roadstead-tmp')]
    .map((path) => join(root, path))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path))
    .filter((name) => name !== '.mount');
}

async function openIn(root: string, sync: boolean, cleanUp: AsyncDisposableStack) {
  const store = await FilesystemStore.open({ rootDirectory: root, sync });
  const held = cleanUp.move();
  return {
    store,
    async [Symbol.asyncDispose]() {
      const leftovers = leftoversIn(root);
      await store[Symbol.asyncDispose]();
      await held.disposeAsync();
      expect(leftovers).to.deep.equal([]);
    },
  };
}

async function openOverMount(mountPoint: string, sync: boolean) {
  await using cleanUp = new AsyncDisposableStack();
  const { path: root } = cleanUp.use(await tempDir('mounts'));
  cleanUp.use(await mountAt(join(root, mountPoint), TMPFS));
  return await openIn(root, sync, cleanUp);
}

requiresMounts()('over several mounts', () => {
  describeObjectStore('with another mount below its root', () => openOverMount(AREA, false));
});

nightly(requiresMounts())('over several mounts, synced and the other way round', () => {
  describeObjectStore('with another mount below its root', () => openOverMount(AREA, true));
  describeObjectStore('with its temporary files on another mount', () => openOverMount('roadstead', true));
});

nightly(requiresMounts(EXFAT_PROGRAMS))('without hard links', () => {
  const open = async () => {
    await using cleanUp = new AsyncDisposableStack();
    const { path: root } = cleanUp.use(await mountExfat());
    return await openIn(root, true, cleanUp);
  };
  describeObjectStore('on exFAT', open, OF_EXFAT);
});

nightly(requiresMounts(EXFAT_PROGRAMS))('without hard links on another mount', () => {
  const open = async () => {
    await using cleanUp = new AsyncDisposableStack();
    const { path: root } = cleanUp.use(await tempDir('mounts'));
    const disk = cleanUp.use(await mountExfat());
    cleanUp.use(await mountAt(join(root, AREA), ['--bind', disk.path]));
    return await openIn(root, false, cleanUp);
  };
  describeObjectStore('on exFAT below its root', open, OF_EXFAT);
});

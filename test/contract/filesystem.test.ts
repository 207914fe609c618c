/** Promise: the file system driver keeps the object store's contract, and leaves no half-written file behind. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { tempDir } from '../support/temp.ts';
import { describeObjectStore } from './object-store.ts';

describe('files', function () {
  // The races sync thousands of times, each ten times slower on a disk that others keep busy.
  this.timeout(120_000);

  for (const sync of [true, false])
    describeObjectStore(`on a file system, ${sync ? 'synced' : 'not synced'}`, async () => {
      const directory = await tempDir('contract');
      const store = await FilesystemStore.open({ rootDirectory: join(directory.path, 'root'), sync });
      return {
        store,
        async [Symbol.asyncDispose]() {
          const leftovers = await readdir(join(directory.path, 'root', 'roadstead', '.tmp'));
          const besideTheRoot = await readdir(directory.path);
          await store[Symbol.asyncDispose]();
          await directory[Symbol.asyncDispose]();
          expect({ leftovers, besideTheRoot }).to.deep.equal({ leftovers: [], besideTheRoot: ['root'] });
        },
      };
    });
});

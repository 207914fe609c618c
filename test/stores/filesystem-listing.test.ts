/**
 * Promise: a listing of files is not stopped by what others leave in directories.
 */
import fs from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const NOBODY = 65534;
const REPOSITORIES = 'docker/registry/v2/repositories/';

describe('a listing of files', () => {
  let home: TempDir;
  let store: FilesystemStore;
  beforeEach(async () => {
    home = await tempDir('listing');
    store = await FilesystemStore.open({ rootDirectory: home.path, sync: false });
    for (const name of ['alpha', 'zeta'])
      await store.put(`${REPOSITORIES}${name}/_uploads/x/startedat`, Buffer.from('now'));
  });
  afterEach(() => home[Symbol.asyncDispose]());

  const list = async (prefix: string) => (await store.list({ prefix, delimiter: '/', limit: 100 })).prefixes;

  describe('by a user who may not read a directory', () => {
    async function withLocked<T>(name: string, act: () => Promise<T>): Promise<T> {
      await fs.chmod(home.path, 0o755);
      const path = join(home.path, REPOSITORIES, name);
      await fs.mkdir(path, { mode: 0o000 });
      const isRoot = process.geteuid?.() === 0;
      if (isRoot) process.seteuid?.(NOBODY);
      try {
        return await act();
      } finally {
        if (isRoot) process.seteuid?.(0);
        await fs.chmod(path, 0o755);
      }
    }

    it('leaves out lost+found', () =>
      withLocked('lost+found', async () => {
        expect(await list(REPOSITORIES)).to.deep.equal([`${REPOSITORIES}alpha/`, `${REPOSITORIES}zeta/`]);
      }));

    it('fails where that may be a repository', () =>
      withLocked('team', async () => {
        const error = await list(REPOSITORIES).catch((failed: unknown) => failed);
        expect(error).to.have.property('code', 'EACCES');
      }));
  });
});

/**
 * Promise: a listing of files is not stopped by what others leave in directories, and looks at no more than its prefix asks.
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

  it('looks only through the links that its prefix leads to', async () => {
    for (const name of ['bolt', 'bond', 'cord']) {
      await store.put(`elsewhere/${name}/_uploads/x/startedat`, Buffer.from('now'));
      await fs.symlink(join(home.path, 'elsewhere', name), join(home.path, REPOSITORIES, name));
    }
    const real = fs.stat;
    const followed = new Set<string>();
    fs.stat = ((path: string, ...rest: []) => {
      const name = /repositories\/(bolt|bond|cord)$/.exec(path)?.[1];
      if (name !== undefined) followed.add(name);
      return real(path, ...rest);
    }) as typeof real;
    const seen = async (prefix: string) => {
      followed.clear();
      return [await list(prefix), [...followed].sort()];
    };
    try {
      const [alpha, bolt, bond, cord, zeta] = ['alpha', 'bolt', 'bond', 'cord', 'zeta'].map(
        (name) => `${REPOSITORIES}${name}/`,
      );
      expect(await seen(`${alpha}_uploads/`)).to.deep.equal([[`${alpha}_uploads/x/`], []]);
      expect(await seen(`${bond}_uploads/`)).to.deep.equal([[`${bond}_uploads/x/`], ['bond']]);
      expect(await seen(`${REPOSITORIES}bo`)).to.deep.equal([
        [bolt, bond],
        ['bolt', 'bond'],
      ]);
      expect(await seen(REPOSITORIES)).to.deep.equal([
        [alpha, bolt, bond, cord, zeta],
        ['bolt', 'bond', 'cord'],
      ]);
    } finally {
      fs.stat = real;
    }
  });
});

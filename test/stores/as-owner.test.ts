/** Promise: a command that root runs on a store writes what the registry can write to, whoever the registry runs as. */
import fs, { chown, mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { StoreUnavailableError } from '../../services/registry/storage/object-store.ts';
import { becomeOwner } from '../../services/stores/filesystem/as-owner.ts';
import { STORE_CALLS } from '../../services/stores/filesystem/fs.ts';
import { CLI } from '../support/cli.ts';
import { requiresMounts } from '../support/mounts.ts';
import { run } from '../support/process.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const NOBODY = 65534;

requiresMounts()('a command that root runs on a store of another user', function () {
  this.timeout(60_000);
  let home: TempDir;
  let root: string;
  beforeEach(async () => {
    home = await tempDir('owner');
    root = join(home.path, 'store');
    await mkdir(root);
    await chown(home.path, NOBODY, NOBODY);
    await chown(root, NOBODY, NOBODY);
  });
  afterEach(() => home[Symbol.asyncDispose]());

  /** Makes directories below the store's own, each with those above it, all of one user. */
  async function make(uid: number, ...paths: string[]): Promise<void> {
    for (const path of paths)
      for (const name of path.split('/').map((_, i, names) => names.slice(0, i + 1).join('/'))) {
        const isNew = (await mkdir(join(root, name), { recursive: true })) !== undefined;
        if (isNew) await chown(join(root, name), uid, uid);
      }
  }

  async function roadstead(...args: string[]) {
    const configPath = join(home.path, 'registry.yml');
    const storage = { filesystem: { rootdirectory: root } };
    await writeFile(configPath, stringify({ version: 0.1, storage, http: { addr: '127.0.0.1:5000' } }));
    return run(process.execPath, [...CLI, ...args, configPath], { allowFailure: true });
  }

  /** The user that a command goes on as. */
  async function userAfter(): Promise<number | undefined> {
    const groups = process.getgroups?.() ?? [];
    try {
      await becomeOwner(root);
      return process.geteuid?.();
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
      process.setgroups?.(groups);
    }
  }

  const ALL = ['docker/registry/v2/blobs/sha256', 'docker/registry/v2/repositories', 'roadstead/.tmp'];

  it('continues as that user where the directories are theirs, or do not exist yet', async () => {
    expect(await userAfter()).to.equal(NOBODY);
    await make(NOBODY, ...ALL);
    expect(await userAfter()).to.equal(NOBODY);
  });

  for (const path of new Set([...ALL, ...ALL.map(dirname), 'docker/registry', 'docker']))
    it(`stays root where ${path} belongs to root`, async () => {
      await make(NOBODY, ...ALL);
      await chown(join(root, path), 0, 0);
      expect(await userAfter()).to.equal(0);
    });

  it('says so when the file system does not answer', async () => {
    const { stat } = fs;
    const { deadlineMs } = STORE_CALLS;
    const held = Promise.withResolvers<never>();
    fs.stat = () => held.promise;
    STORE_CALLS.deadlineMs = 50;
    try {
      const error: unknown = await userAfter().catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(StoreUnavailableError);
    } finally {
      fs.stat = stat;
      STORE_CALLS.deadlineMs = deadlineMs;
      held.reject(new Error('the test is over'));
    }
  });

  it('works where the registry runs as root in a directory that a user made', async () => {
    await make(0, ...ALL);
    const { code, stderr } = await roadstead('read-only', 'on');
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
  });

  it('says in one sentence which part of the store belongs to root', async () => {
    const digest = 'ab'.repeat(32);
    const blob = `docker/registry/v2/blobs/sha256/ab/${digest}`;
    await make(NOBODY, ...ALL, dirname(blob));
    await make(0, blob);
    const data = join(root, blob, 'data');
    await writeFile(data, 'garbage');
    await utimes(data, 0, 0);
    const { code, stdout, stderr } = await roadstead('garbage-collect', '--grace', '0', '--wait', '0');
    expect(stderr.trim().split('\n').at(-1), stdout).to.equal(
      `storage.filesystem.rootdirectory = ${root}: user ${NOBODY} may not delete ${data}: ` +
        `make that user the owner of everything there, by chown -R ${NOBODY}:${NOBODY} ${root}`,
    );
    expect(stderr).to.not.match(/ {4}at /);
    expect(code).to.equal(1);
  });
});

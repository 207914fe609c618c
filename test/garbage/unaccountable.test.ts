/**
 * Promise: where the walk of a collection meets something through which content may be pulled or kept, and which it
 * cannot look into, nothing is deleted, by neither collection; that is named with the way out, and a check tells the same.
 * What others leave in directories stops nothing.
 */
import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { UnreadableError } from '../../services/registry/garbage/collector-reader.ts';
import { planGarbage } from '../../services/registry/garbage/offline/plan.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { check } from '../check/stores.ts';
import { filesBelow } from '../protocol/on-disk.ts';
import { tempDir } from '../support/temp.ts';
import { cycle, HOUR } from './cycles.ts';
import { toDisk } from './disk.ts';
import { type Model, write } from './model.ts';

const run = promisify(execFile);
const NOW = new Date('2024-05-05T05:05:05Z');
const REPOSITORIES = 'docker/registry/v2/repositories';
const BLOBS = 'docker/registry/v2/blobs';
const MODEL: Model = {
  manifests: [0, 1].map((blob) => ({
    ...{ blobs: [blob], children: [], subject: undefined, bySha512: false, isYoung: false },
    inRepository: [true, true],
  })),
  blobs: [0, 1, 2, 3, 4, 5].map((at) => ({ isYoung: false, linkIsYoung: false, isPublished: at === 2 })),
  tags: [0, 1].map((repository) => ({ repository: repository as 0 | 1, manifest: 0, before: 1 })),
};
/** Of six blobs one is named by a tagged manifest, and one is published; and a manifest without a tag. */
const DOOMED = 5;

type Place = (root: string) => Promise<void>;

/** Puts something in the place of what is there, which goes elsewhere. */
const instead = (key: string, put: (path: string, root: string) => Promise<unknown>): Place => {
  return async (root) => {
    const path = join(root, key);
    await mkdir(dirname(path), { recursive: true });
    await rename(path, `${root}-aside`).catch(() => undefined);
    await put(path, root);
  };
};
const broken = (path: string) => symlink('/nowhere/at/all', path);
const fifo = (path: string) => run('mkfifo', [path]);
const file = (path: string) => writeFile(path, '');
const to = (target: string) => (path: string) => symlink(target, path);
const MEND = 'mount or restore its target';
const TURN = 'replace it by a link to a directory elsewhere';

/** What is there, at which key, and what a person is told to do. */
const STOPS: readonly [
  what: string,
  key: string,
  put: (path: string, root: string) => Promise<unknown>,
  way: string,
][] = [
  ['a link to nothing for a repository', `${REPOSITORIES}/one/two`, broken, MEND],
  ['a link to nothing for a part of one', `${REPOSITORIES}/one/_manifests`, broken, MEND],
  ['a link to nothing for tags', `${REPOSITORIES}/one/_manifests/tags`, broken, MEND],
  ['a link to nothing for manifests', `${REPOSITORIES}/one/_manifests/revisions/sha256`, broken, MEND],
  ['a link to nothing for blobs of a repository', `${REPOSITORIES}/one/_layers`, broken, MEND],
  ['a link to nothing for all repositories', REPOSITORIES, broken, MEND],
  ['a link to nothing for everything', 'docker', broken, MEND],
  ['a link to nothing for what was published', 'roadstead/published', broken, MEND],
  ['a link to nothing for blobs', `${BLOBS}/sha256`, broken, MEND],
  ['a link to nothing in a new place', `${REPOSITORIES}/new/er`, broken, MEND],
  ['a link to itself', `${REPOSITORIES}/one/two`, (path) => symlink(path, path), TURN],
  ['a link to where it lies', `${REPOSITORIES}/library`, to('.'), TURN],
  ['a link to the store', `${REPOSITORIES}/one/three`, (path, root) => symlink(root, path), TURN],
  ['a link to everything', `${REPOSITORIES}/one/three`, to('/'), TURN],
  ['a FIFO', `${REPOSITORIES}/one/pipe`, fifo, 'move it out of the store'],
  [
    'a FIFO for a link',
    `${REPOSITORIES}/one/_manifests/tags/t1/current/link`,
    fifo,
    'move it out of the store',
  ],
  ['a file where all repositories belong', REPOSITORIES, file, 'restore the directory'],
  ['a file where the log belongs', 'roadstead/published', file, 'restore the directory'],
];

/** What stops nothing. */
const PASSED: readonly [what: string, key: string, put: (path: string, root: string) => Promise<unknown>][] =
  [
    ['what fsck has found', `${REPOSITORIES}/lost+found`, broken],
    ['what fsck has found on the disk of blobs', `${BLOBS}/lost+found`, broken],
    ['what fsck has found on a disk of our own', 'roadstead/published/lost+found', broken],
    ['what NFS keeps of deleted files', `${REPOSITORIES}/one/.nfs000000000123`, fifo],
    ['a name that no repository has', `${REPOSITORIES}/Upper`, broken],
    ['uploads that cannot be read', `${REPOSITORIES}/one/_uploads`, broken],
    ['records of our own that nothing is kept by', `${REPOSITORIES}/one/_roadstead/referrers`, broken],
    ['a file of others', `${REPOSITORIES}/README`, file],
    [
      'half of a write of Distribution',
      `${REPOSITORIES}/one/x.01234567-89ab-4def-8123-456789abcdef.tmp`,
      file,
    ],
    ['a FIFO beside everything', 'pipe', fifo],
  ];

describe('a collection that meets what it cannot account for', function () {
  this.timeout(30_000);
  const cleanUp = new AsyncDisposableStack();
  let whole: string;
  before(async () => {
    whole = join(cleanUp.use(await tempDir('whole')).path, 'store');
    await toDisk(write(MODEL, NOW).objects, whole);
  });
  after(() => cleanUp.disposeAsync());

  async function opened(place: Place) {
    const directory = await tempDir('odd');
    const root = join(directory.path, 'store');
    await cp(whole, root, { recursive: true, preserveTimestamps: true });
    const objects = await FilesystemStore.open({ rootDirectory: root, sync: false });
    await place(root);
    return { root, objects, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
  }
  const plan = (objects: FilesystemStore) => planGarbage(objects, { deleteUntagged: true, youngerThan: NOW });

  for (const [what, key, put, way] of STOPS)
    it(`deletes nothing: ${what}`, async () => {
      await using store = await opened(instead(key, put));
      const { root, objects } = store;
      const before = await filesBelow(root);
      for (const collecting of [() => plan(objects), () => online(objects)]) {
        const error = await collecting().then(
          () => undefined,
          (refused: unknown) => refused,
        );
        expect(error, String(error)).to.be.instanceOf(UnreadableError);
        const told = (error as UnreadableError).unreadable.filter((each) => each.startsWith(`${key} `));
        expect(told.join(), String((error as UnreadableError).unreadable)).to.include(way);
      }
      expect((await filesBelow(root)).filter((each) => !each.startsWith('roadstead/garbage/'))).to.deep.equal(
        before,
      );
      const findings = await check(root);
      const unlisted = findings.filter(({ kind }) => kind === 'unlisted');
      expect(unlisted.map((each) => each.key)).to.include(key);
      for (const { message } of unlisted)
        expect(message)
          .to.include(way)
          .and.not.match(/delete (?:it|the)/);
      const stray = findings.filter((each) => each.kind === 'stray' && each.key.startsWith(key));
      expect(stray).to.deep.equal([]);
      expect(findings.map(({ kind }) => kind)).not.to.include('blobs-unreferenced');
    });

  for (const [what, key, put] of PASSED)
    it(`continues: ${what}`, async () => {
      await using store = await opened(instead(key, put));
      const { root, objects } = store;
      expect((await plan(objects)).blobs.toDelete.size).to.equal(DOOMED);
      await online(objects);
      expect((await online(objects, 3 * HOUR)).counts.deleted).to.equal(DOOMED);
      const findings = await check(root);
      expect(findings.filter(({ kind }) => kind === 'unlisted')).to.deep.equal([]);
    });

  it('knows sockets, too', async () => {
    const listening = createServer();
    const socket = (path: string) =>
      new Promise<void>((resolve) => void listening.listen({ path }, () => resolve()));
    await using store = await opened((root) => socket(join(root, REPOSITORIES, 'one/s')));
    const error = await plan(store.objects).catch((refused: unknown) => refused);
    listening.close();
    expect((error as UnreadableError).unreadable).to.deep.equal([
      `${REPOSITORIES}/one/s is neither a file nor a directory, so what lies behind it is unknown: move it out of the store`,
    ]);
  });

  it('ends where directories lead to each other in every way', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    await using store = await opened(async (root) => {
      for (const name of names) {
        await mkdir(join(root, REPOSITORIES, 'ring', name), { recursive: true });
        for (const other of names)
          await symlink(`../${other}`, join(root, REPOSITORIES, 'ring', name, `to-${other}`));
      }
    });
    const error = await plan(store.objects).catch((refused: unknown) => refused);
    expect((error as UnreadableError).unreadable.join()).to.include(TURN);
    // Whoever only lists is not stopped by it.
    const page = await store.objects.list({ prefix: `${REPOSITORIES}/`, delimiter: '/', limit: 10 });
    expect(page.prefixes).to.deep.equal([`${REPOSITORIES}/one/`]);
  });

  it('sees what a link leads to go away while it walks', async () => {
    await using elsewhere = await tempDir('unmounted');
    await using store = await opened(async (root) => {
      await rename(join(root, REPOSITORIES, 'one/two'), join(elsewhere.path, 'two'));
      await symlink(join(elsewhere.path, 'two'), join(root, REPOSITORIES, 'one/two'));
    });
    const unlisted: string[] = [];
    const onUnlisted = ({ key }: { key: string }) => unlisted.push(key);
    const { objects } = store;
    const prefix = `${REPOSITORIES}/one/two/`;
    const page = await objects.list({ prefix, limit: 2, onUnlisted });
    expect([page.keys.length, unlisted]).to.deep.equal([2, []]);
    await rename(join(elsewhere.path, 'two'), join(elsewhere.path, 'away'));
    const rest = await objects.list({
      prefix,
      limit: 2,
      onUnlisted,
      ...(page.next && { startAfter: page.next }),
    });
    expect([rest.keys, new Set(unlisted)]).to.deep.equal([[], new Set([`${REPOSITORIES}/one/two`])]);
  });

  it('sees a disk come back under a large directory that it remembers', async () => {
    await using elsewhere = await tempDir('back');
    await using store = await opened(async (root) => {
      for (let at = 0; at < 300; at++) await mkdir(join(root, REPOSITORIES, `r${at}`), { recursive: true });
      await symlink(join(elsewhere.path, 'z'), join(root, REPOSITORIES, 'z'));
    });
    const prefixes = async () =>
      (await store.objects.list({ prefix: `${REPOSITORIES}/`, delimiter: '/', limit: 1000 })).prefixes;
    // What has just changed is not remembered.
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const _ of [1, 2]) expect(await prefixes()).to.deep.equal([`${REPOSITORIES}/one/`]);
    await mkdir(join(elsewhere.path, 'z'));
    await writeFile(join(elsewhere.path, 'z', 'key'), '');
    expect(await prefixes()).to.deep.equal([`${REPOSITORIES}/one/`, `${REPOSITORIES}/z/`]);
  });

  it('refuses names of content that cannot be parsed', async () => {
    for (const key of [
      `${REPOSITORIES}/one/_layers/sha384/${'a'.repeat(96)}/link`,
      `${REPOSITORIES}/one/_manifests/revisions/sha384/${'a'.repeat(96)}/link`,
      `${REPOSITORIES}/Upper/_manifests/tags/1/current/link`,
    ]) {
      await using store = await opened(instead(key, file));
      const { objects, root } = store;
      const error = await plan(objects).catch((refused: unknown) => refused);
      expect(error, key).to.be.instanceOf(UnreadableError);
      const told = await check(root);
      const kinds = told.map(({ kind }) => kind);
      expect(kinds).to.include(key.includes('Upper') ? 'repository-misnamed' : 'digest-unknown');
      expect(told.filter(({ kind }) => kind === 'stray')).to.deep.equal([]);
      expect(kinds).not.to.include('blobs-unreferenced');
      const refused = await online(objects).catch((each: unknown) => each);
      expect(refused, key).to.be.instanceOf(UnreadableError);
    }
  });

  describe('of another user', () => {
    const nobody = 65534;
    /** Plans as a user who is not root, in a process of its own. */
    async function planned(root: string) {
      const program = new URL('program.ts', import.meta.url).pathname;
      const options = JSON.stringify({ dryRun: true, deleteUntagged: true });
      const asNobody = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];
      const args = [process.execPath, program, root, '0', options];
      const [command = '', ...rest] = process.getuid?.() === 0 ? ['setpriv', ...asNobody, ...args] : args;
      return run(command, rest).then(
        ({ stdout }) => ({ stdout, stderr: '' }),
        ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ stdout, stderr }),
      );
    }
    async function locked(key: string) {
      const store = await opened(async (root) => {
        await chmod(dirname(root), 0o755);
        await mkdir(join(root, key), { recursive: true });
        await chmod(join(root, key), 0o000);
        await mkdir(join(root, 'roadstead/.tmp'), { recursive: true });
        if (process.getuid?.() === 0) await chown(join(root, 'roadstead/.tmp'), nobody, nobody);
      });
      const { root } = store;
      return {
        ...(await planned(root)),
        async [Symbol.asyncDispose]() {
          await chmod(join(root, key), 0o755);
          await store[Symbol.asyncDispose]();
        },
      };
    }

    it('names the directory that may not be read', async () => {
      const key = `${REPOSITORIES}/one/two`;
      await using told = await locked(key);
      expect(told.stdout).to.equal('');
      expect(told.stderr)
        .to.include(`${key} cannot be read (EACCES)`)
        .and.to.include('allow the user that runs this to read it')
        .and.not.include('    at ');
    });

    it('passes over one that no content can lie behind', async () => {
      await using told = await locked(`${REPOSITORIES}/lost+found`);
      expect(told.stderr).to.equal('');
      expect(told.stdout.match(/"blob":/g)).to.have.length(DOOMED);
    });
  });
});

/** A cycle of the online collector, whose first one only looks. */
function online(objects: FilesystemStore, at = HOUR) {
  return cycle(objects, { at, deleteUntagged: true });
}

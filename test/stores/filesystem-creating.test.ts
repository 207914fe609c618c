/**
 * Promise: one of many creators wins on file systems with and without hard links; who dies in between leaves nobody waiting;
 * and what a network file system did, but said it had not, counts as done.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rmdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { EXFAT_PROGRAMS, mountAt, mountExfat, requiresMounts } from '../support/mounts.ts';
import { type Calls, failure, real, replacing } from '../support/replaced-calls.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

/** As where a file system has no hard links. */
const withoutLinks = (code = 'EPERM') => replacing({ link: () => Promise.reject(failure(code)) });

describe('creating files', () => {
  let home: TempDir;
  let root: string;
  let store: FilesystemStore;
  beforeEach(async () => {
    home = await tempDir('creating');
    root = join(home.path, 'root');
    store = await FilesystemStore.open({ rootDirectory: root, sync: false });
  });
  afterEach(() => home[Symbol.asyncDispose]());

  const temporary = () => join(root, 'roadstead', '.tmp');
  const claimOf = (key: string) =>
    join(temporary(), `claim-${createHash('sha256').update(key).digest('hex')}`);
  /** What a process leaves that dies with a claim. */
  const abandonClaim = async (key: string, content: string) => {
    await mkdir(claimOf(key), { recursive: true });
    await writeFile(join(claimOf(key), randomUUID()), content);
  };

  describe('without hard links', () => {
    for (const code of ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'])
      it(`creates, and says what exists, where link(2) answers ${code}`, async () => {
        using _links = withoutLinks(code);
        expect(await store.putIfAbsent('a/b', Buffer.from('first'))).to.equal('created');
        expect(await store.putIfAbsent('a/b', Buffer.from('second'))).to.equal('exists');
        await store.compose(['a/b'], 'c/d');
        expect(await readFile(join(root, 'c/d'), 'utf8')).to.equal('first');
        expect(await readdir(temporary())).to.deep.equal([]);
      });

    it('lets one of sixteen win, over several stores, during deletions, and leaves nothing', async () => {
      using _links = withoutLinks();
      const stores = await Promise.all(
        Array.from({ length: 4 }, () => FilesystemStore.open({ rootDirectory: root, sync: false })),
      );
      for (let round = 0; round < 25; round++) {
        const key = `round/${round}/object`;
        const outcomes = await Promise.all(
          Array.from({ length: 16 }, (_, i) =>
            (stores[i % 4] ?? store).putIfAbsent(key, Buffer.from(`racer ${i}`)),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'created')).to.have.length(1);
        const winner = outcomes.indexOf('created');
        expect(await readFile(join(root, key), 'utf8')).to.equal(`racer ${winner}`);
        await store.delete([key]);
      }
      expect(await readdir(temporary())).to.deep.equal([]);
    });

    it('finishes what a process that died had claimed, and continues', async () => {
      using _links = withoutLinks();
      await abandonClaim('a/b', 'of the dead');
      expect(await store.stat('a/b')).to.equal(undefined);
      expect(await store.putIfAbsent('a/b', Buffer.from('ours'))).to.equal('exists');
      expect(await readFile(join(root, 'a/b'), 'utf8')).to.equal('of the dead');
      expect(await readdir(temporary())).to.deep.equal([]);
    });

    it('says of what another finished for it that it was created', async () => {
      using _calls = replacing({
        link: () => Promise.reject(failure('EPERM')),
        rename: async (from, to) => {
          // Just before we rename our claim's file to its name, another has done it.
          if (String(to) === join(root, 'a/b')) {
            await mkdir(join(root, 'a'), { recursive: true });
            await real.rename(from, to);
          }
          await real.rename(from, to);
        },
      });
      expect(await store.putIfAbsent('a/b', Buffer.from('ours'))).to.equal('created');
    });

    it('leaves no claim behind when the name cannot be given', async () => {
      await mkdir(join(root, 'a'));
      using _calls = replacing({
        link: () => Promise.reject(failure('EPERM')),
        rename: (from, to) =>
          String(to) === join(root, 'a/b') ? Promise.reject(failure('EIO')) : real.rename(from, to),
      });
      const thrown = await store.putIfAbsent('a/b', Buffer.from('x')).catch((error: Error) => error.message);
      expect(thrown).to.match(/EIO/);
      expect(await readdir(temporary())).to.deep.equal([]);
    });

    it('takes old claims for leftovers, and young ones not', async () => {
      await abandonClaim('a/old', 'x');
      await abandonClaim('a/young', 'x');
      await utimes(claimOf('a/old'), 1000, 1000);
      expect(await store.removeLeftovers(new Date(2_000_000))).to.equal(1);
      expect(await readdir(temporary())).to.deep.equal([claimOf('a/young').slice(temporary().length + 1)]);
    });
  });

  describe('synced, where another deletes the object and its emptied directory at once', () => {
    const ways: readonly [name: string, act: (store: FilesystemStore) => Promise<unknown>][] = [
      ['put', (synced) => synced.put('a/b', Buffer.from('ours'))],
      ['putIfAbsent', (synced) => synced.putIfAbsent('a/b', Buffer.from('ours'))],
      ['compose', (synced) => synced.compose(['source'], 'a/b')],
    ];
    for (const [name, act] of ways)
      it(`${name} is done nevertheless`, async () => {
        const synced = await FilesystemStore.open({ rootDirectory: root, sync: true });
        await store.put('source', Buffer.from('ours'));
        let deletions = 0;
        const thenDeleted =
          (call: Calls['link']): Calls['link'] =>
          async (from, to) => {
            await call(from, to);
            if (String(to) !== join(root, 'a/b')) return;
            await store.delete(['a/b']);
            deletions++;
          };
        using _calls = replacing({ link: thenDeleted(real.link), rename: thenDeleted(real.rename) });
        await act(synced);
        expect(deletions).to.equal(1);
        expect(await readdir(root)).to.have.members(['roadstead', 'source']);
        expect(await readdir(temporary())).to.deep.equal([]);
      });
  });

  describe('where another process deletes what is next to it, at any of its calls', () => {
    const ways: readonly [name: string, act: (store: FilesystemStore) => Promise<unknown>][] = [
      ['put', (ours) => ours.put('a/b/new', Buffer.from('ours'))],
      ['put without sync', (ours) => ours.put('a/b/new', Buffer.from('ours'), { durable: false })],
      ['putIfAbsent', (ours) => ours.putIfAbsent('a/b/new', Buffer.from('ours'))],
      ['compose', (ours) => ours.compose(['source'], 'a/b/new')],
    ];
    for (const [name, act] of ways)
      for (const deleted of [['a/b/old'], ['a/b/old', 'a/b/new']])
        it(`${name} is done (${deleted.length})`, async () => {
          const other = await openSynced();
          await other.put('source', Buffer.from('ours'));
          let calls = 0;
          for (let round = 0; calls >= Math.floor(round / 2); round++) {
            const at = Math.floor(round / 2) + 1;
            const ours = await openSynced();
            // Our process knows the directory already, or not.
            await (round % 2 === 0 ? ours : other).put('a/b/old', Buffer.from('old'));
            calls = await deletingAt(
              at,
              () => act(ours),
              () => other.delete(deleted),
            );
            const found = (await ours.read('a/b/new', 100))?.toString();
            expect(found, `deleted at call ${at}`).to.be.oneOf(['ours', ...(deleted[1] ? [undefined] : [])]);
            await other.delete(['a/b/old', 'a/b/new']);
          }
        });

    const openSynced = () => FilesystemStore.open({ rootDirectory: root, sync: true });
    /** Deletes before one of the calls of an act, given by its number; returns how many calls the act made. */
    const deletingAt = async (at: number, act: () => Promise<unknown>, remove: () => Promise<void>) => {
      let calls = 0;
      const names = ['link', 'mkdir', 'open', 'rename', 'stat'] as const;
      const around = (name: (typeof names)[number]) => {
        const call = real[name] as (...args: readonly unknown[]) => Promise<unknown>;
        return async (...args: readonly unknown[]) => {
          if (++calls === at) await remove();
          return call(...args);
        };
      };
      using _calls = replacing(Object.fromEntries(names.map((name) => [name, around(name)])));
      await act();
      return calls;
    };
  });

  it('probes where it may write, though a deletion removes that directory', async () => {
    const place = join(root, 'docker/registry/v2/repositories');
    await mkdir(place, { recursive: true });
    let removals = 0;
    using _calls = replacing({
      rename: async (from, to) => {
        if (String(to).startsWith(place) && removals++ === 0) await rmdir(place);
        await real.rename(from, to);
      },
    });
    await store.probeWrites();
    expect(removals).to.equal(1);
  });

  describe('where answers are lost', () => {
    it('believes the file, not the EEXIST of a link that was made', async () => {
      using _calls = replacing({
        async link(from, to) {
          await real.link(from, to);
          throw failure('EEXIST');
        },
      });
      expect(await store.putIfAbsent('a/b', Buffer.from('ours'))).to.equal('created');
      await store.compose(['a/b'], 'c/d');
      expect(await readFile(join(root, 'c/d'), 'utf8')).to.equal('ours');
    });

    it('believes EEXIST where it is true', async () => {
      using _calls = replacing({
        async link(_, to) {
          await mkdir(join(root, 'a'), { recursive: true });
          await writeFile(String(to), 'theirs');
          throw failure('EEXIST');
        },
      });
      expect(await store.putIfAbsent('a/b', Buffer.from('ours'))).to.equal('exists');
    });

    it('believes the file, not the ENOENT of a rename that was done', async () => {
      await mkdir(join(root, 'a'));
      using _calls = replacing({
        async rename(from, to) {
          await real.rename(from, to);
          throw failure('ENOENT');
        },
      });
      await store.put('a/b', Buffer.from('ours'));
      expect(await readFile(join(root, 'a/b'), 'utf8')).to.equal('ours');
    });
  });

  requiresMounts()('below another mount', () => {
    const TMPFS = ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs'];
    const record = () => readdir(join(root, 'roadstead', '.mounts'));

    it('writes next to the target, which other processes then know, and the purger finds', async () => {
      await using _mount = await mountAt(join(root, 'docker'), TMPFS);
      await store.put('docker/registry/v2/a', Buffer.from('x'));
      expect(await record()).to.have.length(1);
      const left = join(root, 'docker', '.roadstead-tmp', 'half');
      await writeFile(left, 'of a bl');
      await utimes(left, 1000, 1000);
      const purger = await FilesystemStore.open({ rootDirectory: root, sync: false, mode: 'read' });
      expect(await purger.removeLeftovers(new Date(2_000_000))).to.equal(1);
      await using other = await FilesystemStore.open({ rootDirectory: root, sync: false });
      using _calls = replacing({
        rename: (from, to) =>
          String(from).startsWith(temporary()) ? Promise.reject(failure('EIO')) : real.rename(from, to),
      });
      await other.put('docker/registry/v2/b', Buffer.from('y'));
    });

    it('finds a mount within a mount, and one that is a bind mount of the same disk', async () => {
      const same = join(home.path, 'same');
      await mkdir(same);
      await using _outer = await mountAt(join(root, 'docker'), TMPFS);
      await using _inner = await mountAt(join(root, 'docker/registry/v2/blobs'), ['--bind', same]);
      for (const key of ['docker/registry/v2/x/y', 'docker/registry/v2/blobs/z', 'roadstead/w'])
        for (const content of ['1', '2']) {
          await store.put(key, Buffer.from(content));
          expect(await readFile(join(root, key), 'utf8')).to.equal(content);
        }
      expect(await record()).to.have.length(2);
      expect(await readdir(join(same, '.roadstead-tmp'))).to.deep.equal(['.mount']);
    });

    it('composes by copying where the parts are on another mount', async () => {
      await using _mount = await mountAt(join(root, 'docker'), TMPFS);
      await store.put('roadstead/part', Buffer.from('bytes'));
      await store.compose(['roadstead/part'], 'docker/whole');
      expect(await readFile(join(root, 'docker/whole'), 'utf8')).to.equal('bytes');
    });

    it('writes, creates and reads through a symlink to another disk', async () => {
      await using _mount = await mountAt(join(home.path, 'other'), TMPFS);
      await symlink(join(home.path, 'other'), join(root, 'docker'));
      await store.put('docker/a', Buffer.from('a'));
      expect(await store.putIfAbsent('docker/b', Buffer.from('b'))).to.equal('created');
      await store.compose(['docker/a'], 'docker/c');
      expect((await readdir(join(home.path, 'other'))).sort()).to.deep.equal([
        '.roadstead-tmp',
        'a',
        'b',
        'c',
      ]);
    });

    it('passes over records that are damaged or lead out of the store', async () => {
      await mkdir(join(root, 'roadstead', '.mounts'), { recursive: true });
      const outside = '../outside';
      const name = createHash('sha256').update(outside).digest('hex');
      await writeFile(join(root, 'roadstead', '.mounts', name), outside);
      await writeFile(join(root, 'roadstead', '.mounts', 'torn'), 'doc');
      await mkdir(join(home.path, 'outside', '.roadstead-tmp'), { recursive: true });
      await writeFile(join(home.path, 'outside', '.roadstead-tmp', 'precious'), 'x');
      expect(await store.removeLeftovers(new Date(Date.now() + 1e9))).to.equal(0);
      expect(await readdir(join(home.path, 'outside', '.roadstead-tmp'))).to.deep.equal(['precious']);
    });
  });

  requiresMounts(EXFAT_PROGRAMS)('on exFAT', () => {
    it('lets one of sixteen win', async () => {
      await using disk = await mountExfat();
      await using onDisk = await FilesystemStore.open({ rootDirectory: disk.path, sync: false });
      for (let round = 0; round < 3; round++) {
        const outcomes = await Promise.all(
          Array.from({ length: 16 }, (_, i) => onDisk.putIfAbsent(`a/${round}`, Buffer.from(`racer ${i}`))),
        );
        expect(outcomes.filter((outcome) => outcome === 'created')).to.have.length(1);
        const winner = Buffer.from(`racer ${outcomes.indexOf('created')}`);
        expect((await onDisk.read(`a/${round}`, 100))?.equals(winner)).to.equal(true);
      }
      expect(await readdir(join(disk.path, 'roadstead', '.tmp'))).to.deep.equal([]);
    });
  });
});

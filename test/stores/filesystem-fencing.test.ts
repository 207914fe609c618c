/**
 * Promise: a fence is asked in the very turn of each rename and unlink of a file store, and hears of those that hang or
 * fail without saying whether they were done.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { STORE_CALLS } from '../../services/stores/filesystem/fs.ts';
import { rejection } from '../contract/area.ts';
import { eventually } from '../support/eventually.ts';
import { failure, real, replacing } from '../support/replaced-calls.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { WatchedFence } from '../support/watched-fence.ts';

const BYTES = Buffer.from('new');

describe('files under a fence', () => {
  let home: TempDir;
  let root: string;
  let store: FilesystemStore;
  beforeEach(async () => {
    home = await tempDir('fencing');
    root = join(home.path, 'root');
    store = await FilesystemStore.open({ rootDirectory: root, sync: true });
  });
  afterEach(() => home[Symbol.asyncDispose]());

  /** A fence that writes its checks into a list. */
  const listing = (events: string[]) =>
    new WatchedFence(() => {
      events.push('check');
      return false;
    });

  it('asks right before each rename, also of a second attempt', async () => {
    const events: string[] = [];
    using _calls = replacing({
      open: (path, ...rest) => {
        events.push(String(path).includes('.tmp') ? 'write' : 'sync');
        return real.open(path, ...rest);
      },
      rename: async (from, to) => {
        events.push('rename');
        if (events.filter((event) => event === 'rename').length === 1) throw failure('ENOENT');
        await real.rename(from, to);
      },
    });
    const fence = listing(events);
    await store.put('object', BYTES, { fence });
    expect(events.filter((event) => event !== 'sync')).to.deep.equal([
      ...['write', 'write', 'check', 'rename', 'check', 'rename'],
    ]);
    expect(fence.doubts).to.equal(0);
  });

  it('asks right before each unlink', async () => {
    const events: string[] = [];
    using _calls = replacing({
      unlink: async (path) => {
        events.push('unlink');
        await real.unlink(path);
      },
    });
    await store.delete(['a', 'b'], undefined, { fence: listing(events) });
    expect(events).to.deep.equal(['check', 'unlink', 'check', 'unlink']);
  });

  for (const [code, doubts] of [
    ...(['EIO', 'ESTALE', 'ETIMEDOUT', 'EREMOTEIO'] as const).map((each) => [each, 1] as const),
    ...(['EACCES', 'EROFS', 'ENOSPC', 'EBUSY', 'ENAMETOOLONG'] as const).map((each) => [each, 0] as const),
  ])
    it(`has ${doubts} doubts after ${code}`, async () => {
      await store.put('object', BYTES);
      using _calls = replacing({
        rename: () => Promise.reject(failure(code)),
        unlink: () => Promise.reject(failure(code)),
      });
      for (const act of [
        (fence: WatchedFence) => store.put('object', BYTES, { fence }),
        (fence: WatchedFence) => store.delete(['object'], undefined, { fence }),
      ]) {
        const fence = new WatchedFence();
        await rejection(act(fence));
        expect(fence).to.include({ checks: 1, doubts });
      }
    });

  it('has a doubt about a write that failed after its rename', async () => {
    const fence = new WatchedFence();
    using _calls = replacing({
      open: (path, ...rest) =>
        existsSync(join(root, 'a/object')) ? Promise.reject(failure('EIO')) : real.open(path, ...rest),
    });
    await rejection(store.put('a/object', BYTES, { fence }));
    expect(fence).to.include({ checks: 1, doubts: 1 });
  });

  describe('that hang', () => {
    let deadlineMs: number;
    before(() => {
      ({ deadlineMs } = STORE_CALLS);
    });
    afterEach(() => {
      STORE_CALLS.deadlineMs = deadlineMs;
    });

    for (const call of ['rename', 'unlink'] as const)
      it(`has a doubt about ${call}`, async () => {
        await store.put('object', BYTES);
        STORE_CALLS.deadlineMs = 2000;
        const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
        const fence = new WatchedFence();
        {
          using _calls = replacing({ [call]: () => answered });
          const acting =
            call === 'rename'
              ? store.put('object', BYTES, { fence })
              : store.delete(['object'], undefined, { fence });
          expect(String(await rejection(acting))).to.match(/does not answer/);
        }
        expect(fence).to.include({ checks: 1, doubts: 1 });
        // A second one finds it stuck, and is not made.
        const next = new WatchedFence();
        await rejection(store.put('object', BYTES, { fence: next }));
        expect(next).to.include({ checks: 0, doubts: 0 });
        answer();
        await eventually('nothing is stuck', () => STORE_CALLS.stuck.length === 0);
      });
  });
});

/**
 * Promise: changes of one process that are not at odds share a turn, each with a fence and doubts of its own; and links of
 * blobs, which need none, wait for what is at odds with them.
 */
import { expect } from 'chai';
import {
  blobChange,
  type Change,
  manifestChange,
  tagChange,
} from '../../services/registry/content/turns/change.ts';
import { TURN_TIMING } from '../../services/registry/content/turns/timing.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { turnsPrefix } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { rejection } from '../contract/area.ts';
import type { Call } from '../support/intercepted.ts';
import { MemoryStore, RemoteStore } from '../support/memory-store.ts';
import { FakeTime, Process, type ProcessOptions } from './turn-processes.ts';

const NAME = parseRepositoryName('app');
const [FIRST, SECOND] = [digestOf(Buffer.from('1')), digestOf(Buffer.from('2'))];
const { lateMs, validMs, silenceMs } = TURN_TIMING;

const pushOf = (tag: string, digest = FIRST): Change[] => [
  manifestChange(digest, 'linked'),
  tagChange(parseTag(tag), digest),
];
const LINKED = [blobChange(FIRST, 'linked')];
const GONE = [blobChange(FIRST, 'gone')];
const isOf = (error: unknown, kind: string) =>
  expect(error).to.be.instanceOf(RegistryError).with.property('kind', kind);

describe('changes of one process', () => {
  let time: FakeTime;
  let store: MemoryStore;
  let process: Process;
  let atWork: number;
  beforeEach(() => {
    time = new FakeTime();
    store = new MemoryStore();
    process = new Process(store, time);
    atWork = 0;
  });

  const turnsTaken = () =>
    Math.max(...[...store.held.keys()].map((key) => Number(key.slice(turnsPrefix(NAME).length))));
  /** How many are at work at most, of changes that all want their turn while another one is at work. */
  async function mostAtOnce(changes: readonly (readonly Change[])[]): Promise<number> {
    let most = 0;
    const act = async () => {
      most = Math.max(most, ++atWork);
      await process.wait(10);
      atWork--;
    };
    const first = process.turns.take(NAME, [], () => process.wait(10));
    await time.until(Promise.all([first, ...changes.map((each) => process.turns.share(NAME, each, act))]));
    return most;
  }

  it('share a turn if they move different tags', async () => {
    expect(await mostAtOnce(['a', 'b', 'c'].map((tag) => pushOf(tag)))).to.equal(3);
    expect(turnsTaken()).to.equal(2);
  });

  for (const [what, one, other] of [
    ['move the same tag', pushOf('a'), pushOf('a')],
    ['move the same tag to different manifests', pushOf('a'), pushOf('a', SECOND)],
    ['link and unlink a manifest', pushOf('a'), [manifestChange(FIRST, 'gone')]],
    ['unlink the same manifest', [manifestChange(FIRST, 'gone')], [manifestChange(FIRST, 'gone')]],
  ] as const)
    it(`take one turn after the other if they ${what}`, async () => {
      expect(await mostAtOnce([one, other])).to.equal(1);
      expect(turnsTaken()).to.equal(3);
    });

  it('take no turn with one that does not say what it reads', async () => {
    const first = process.turns.take(NAME, [], () => process.wait(10));
    const done: string[] = [];
    const alone = process.turns.take(NAME, pushOf('a'), async () => {
      await process.wait(10);
      done.push('alone');
    });
    const shared = process.turns.share(NAME, pushOf('b'), async () => void done.push('shared'));
    await time.until(Promise.all([first, alone, shared]));
    expect(done).to.deep.equal(['alone', 'shared']);
  });

  it('share a turn, and neither failures nor clients that go', async () => {
    const first = process.turns.take(NAME, [], () => process.wait(10));
    const gone = new AbortController();
    const failing = rejection(
      process.turns.share(NAME, pushOf('a'), async () => {
        throw new Error('no');
      }),
    );
    const left = rejection(
      process.turns.share(
        NAME,
        pushOf('b'),
        async (fence) => {
          gone.abort();
          fence.check();
        },
        { signal: gone.signal },
      ),
    );
    const done = process.turns.share(NAME, pushOf('c'), async (fence) => {
      await process.wait(10);
      fence.check();
      return 'done';
    });
    await time.until(Promise.all([first, failing, left, done]));
    expect(await failing).to.have.property('message', 'no');
    isOf(await left, 'CLIENT_GONE');
    expect(await done).to.equal('done');
    expect(turnsTaken()).to.equal(2);
  });

  it('leave in doubt only what got no certain answer', async () => {
    const first = process.turns.take(NAME, [], () => process.wait(10));
    const doubtful = process.turns.share(NAME, pushOf('a'), async (fence) => fence.doubt());
    const certain = process.turns.share(NAME, pushOf('b'), async () => undefined);
    await time.until(Promise.all([first, doubtful, certain]));
    const other = new Process(store, time);
    await time.until(other.turns.take(NAME, [tagChange(parseTag('b'), SECOND)], async () => undefined));
    const moved = other.turns.take(NAME, [tagChange(parseTag('a'), SECOND)], async () => undefined);
    isOf(await time.until(rejection(moved)), 'UNAVAILABLE');
  });

  it('are answered when they are certain, before slower ones of their turn', async () => {
    const first = process.turns.take(NAME, [], () => process.wait(10));
    const slow = process.turns.share(NAME, pushOf('a'), () => process.wait(1000));
    const quick = process.turns.share(NAME, pushOf('b'), async () => undefined);
    const doubtful = process.turns.share(NAME, pushOf('c'), async (fence) => fence.doubt());
    await time.until(Promise.all([first, quick]));
    expect(time.nowMs).to.equal(10);
    await time.until(doubtful);
    expect(time.nowMs).to.equal(1010);
    await time.until(slow);
    expect(turnsTaken()).to.equal(2);
  });

  it('do not overtake what is at odds with them and came before', async () => {
    const both = [...pushOf('a'), tagChange(parseTag('b'), FIRST)];
    const done: string[] = [];
    const share = (what: string, changes: readonly Change[]) =>
      process.turns.share(NAME, changes, async () => void done.push(what));
    const first = process.turns.take(NAME, [], () => process.wait(10));
    const gone = [manifestChange(SECOND, 'gone')];
    const deleted = () => process.turns.take(NAME, gone, async () => void done.push('delete'));
    const all = [share('a', pushOf('a')), share('a and b', both), share('b', pushOf('b'))];
    await time.until(Promise.all([first, ...all, deleted(), share('c', pushOf('c', SECOND))]));
    expect(done).to.deep.equal(['a', 'a and b', 'b', 'delete', 'c']);
  });

  it('leave the line when they have waited for too long, and are not carried out then', async () => {
    const first = process.turns.take(NAME, [], () => process.wait(100));
    const acts: string[] = [];
    const late = process.turns.share(NAME, pushOf('a'), async () => void acts.push('late'), {
      patienceMs: 50,
    });
    const patient = process.turns.share(NAME, pushOf('b'), async () => void acts.push('patient'));
    isOf(await time.until(rejection(late)), 'UNAVAILABLE');
    await time.until(Promise.all([first, patient]));
    expect(acts).to.deep.equal(['patient']);
  });
});

describe('a link of a blob', () => {
  let time: FakeTime;
  let store: MemoryStore;
  beforeEach(() => {
    time = new FakeTime();
    store = new RemoteStore();
  });

  const start = (options?: ProcessOptions) => new Process(store, time, options);
  const numbers = () => [...store.held.keys()].length;

  it('takes no turn where nothing is at odds with it', async () => {
    let links = 0;
    const process = start();
    const link = () => process.turns.optimistically(NAME, LINKED, async () => void links++);
    await time.until(link());
    expect(numbers()).to.equal(0);
    await time.until(start().turns.take(NAME, pushOf('a'), async ({ fence }) => fence.doubt()));
    await time.until(link());
    expect([links, numbers()]).to.deep.equal([2, 1]);
  });

  it('waits for a delete of the blob that is under way', async () => {
    const [one, other] = [start(), start()];
    const done: string[] = [];
    const deleted = one.turns.take(NAME, GONE, async () => {
      await one.wait(1000);
      done.push('deleted');
    });
    await time.pass(1);
    const linked = other.turns.optimistically(NAME, LINKED, async () => void done.push('linked'));
    await time.until(Promise.all([deleted, linked]));
    expect(done).to.deep.equal(['deleted', 'linked']);
  });

  it('is refused while a delete of the blob may still take effect', async () => {
    await time.until(start().turns.take(NAME, GONE, async ({ fence }) => fence.doubt()));
    let links = 0;
    const link = (patienceMs?: number) =>
      start().turns.optimistically(NAME, LINKED, async () => void links++, patienceMs ? { patienceMs } : {});
    isOf(await time.until(rejection(link())), 'UNAVAILABLE');
    expect(links).to.equal(0);
    await time.until(link(2 * lateMs));
    expect(links).to.equal(1);
  });

  it('waits for what one that died in a delete of the blob may have left', async () => {
    const dead = start();
    void dead.turns.take(NAME, GONE, () => new Promise(() => undefined));
    await time.pass(1);
    dead.kill();
    const patience = { patienceMs: 2 * lateMs };
    await time.until(start().turns.optimistically(NAME, LINKED, async () => undefined, patience));
    expect(time.nowMs).to.be.at.least(silenceMs + lateMs);
  });

  it('leaves a doubt if it got no certain answer, also where it failed', async () => {
    for (const fails of [false, true]) {
      store.held.clear();
      const linked = start().turns.optimistically(NAME, LINKED, async (fence) => {
        fence.doubt();
        if (fails) throw new Error('no answer');
      });
      const failure = await time.until(linked.catch((error: Error) => error.message));
      expect(failure).to.equal(fails ? 'no answer' : undefined);
      isOf(await time.until(rejection(start().turns.take(NAME, GONE, async () => undefined))), 'UNAVAILABLE');
    }
  });

  it('leaves a doubt also for a client that has gone, and while a delete is in doubt', async () => {
    const gone = new AbortController();
    const leaves = start().turns.optimistically(
      NAME,
      LINKED,
      async (fence) => {
        fence.doubt();
        gone.abort();
        fence.check();
      },
      { signal: gone.signal },
    );
    isOf(await time.until(rejection(leaves)), 'CLIENT_GONE');
    isOf(await time.until(rejection(start().turns.take(NAME, GONE, async () => undefined))), 'UNAVAILABLE');
  });

  it('does not trust a listing that lags', async () => {
    let isLagging = false;
    const around = ({ name, proceed }: Call<ObjectStore>) =>
      isLagging && name === 'list' ? { keys: [], prefixes: [], next: undefined } : proceed();
    const stale = start({ around });
    await time.until(stale.turns.take(NAME, pushOf('a'), async () => undefined));
    await time.until(start().turns.take(NAME, GONE, async ({ fence }) => fence.doubt()));
    isLagging = true;
    for (const process of [stale, start({ around })])
      isOf(
        await time.until(rejection(process.turns.optimistically(NAME, LINKED, async () => undefined))),
        'UNAVAILABLE',
      );
  });

  it('does not make a process forget the turn that it has just ended', async () => {
    let isSlow = false;
    const lists: string[] = [];
    const around = async ({ name, proceed }: Call<ObjectStore>) => {
      if (name !== 'list') return proceed();
      lists.push('list');
      const page = await proceed();
      if (isSlow) await time.wait(100);
      return page;
    };
    const process = start({ around });
    isSlow = true;
    const linked = process.turns.optimistically(NAME, LINKED, async () => undefined);
    await time.pass(1);
    isSlow = false;
    await time.until(process.turns.take(NAME, pushOf('a'), async () => undefined));
    await time.until(linked);
    lists.length = 0;
    await time.until(process.turns.take(NAME, pushOf('b'), async () => undefined));
    expect(lists).to.deep.equal([]);
  });

  it('is made in a turn by a process that was paused before it, and not for a client that has gone', async () => {
    for (const hasGone of [false, true]) {
      const client = new AbortController();
      const process = start();
      let checks = 0;
      let links = 0;
      const link = async (fence: { check: () => void }) => {
        if (checks++ === 0) await process.wait(2 * validMs);
        fence.check();
        links++;
      };
      const linked = process.turns.optimistically(NAME, LINKED, link, { signal: client.signal });
      linked.catch(() => undefined);
      await time.pass(validMs);
      if (hasGone) client.abort();
      if (hasGone) isOf(await time.until(rejection(linked)), 'CLIENT_GONE');
      else await time.until(linked);
      expect(links).to.equal(hasGone ? 0 : 1);
    }
    expect(numbers()).to.equal(1);
  });
});

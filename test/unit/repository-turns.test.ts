/**
 * Promise: of the processes that change a repository one has its turn, also where a holder is slow, dies or cannot be
 * asked, where its client goes, and where clocks are hours apart.
 */
import { expect } from 'chai';
import { manifestChange, tagChange } from '../../services/registry/content/turns/change.ts';
import type { Turn } from '../../services/registry/content/turns/held-turn.ts';
import { TURN_TIMING } from '../../services/registry/content/turns/timing.ts';
import type { TakeOptions } from '../../services/registry/content/turns/turns.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { turnKey, turnsPrefix } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { rejection } from '../contract/area.ts';
import type { Call } from '../support/intercepted.ts';
import { MemoryStore, RemoteStore } from '../support/memory-store.ts';
import { FakeTime, Process, type ProcessOptions } from './turn-processes.ts';

const NAME = parseRepositoryName('app');
const FIRST = digestOf(Buffer.from('1'));
const SECOND = digestOf(Buffer.from('2'));
const TAG = parseTag('t');
const MOVED = [tagChange(TAG, FIRST)];
const OTHERWISE = [tagChange(TAG, SECOND)];
const ELSEWHERE = [tagChange(parseTag('u'), SECOND)];
const { silenceMs, validMs, lateMs, keepMs, lookMs, patienceMs } = TURN_TIMING;
const HOUR_MS = 3_600_000;
/** How long one waits for the turn of a holder that is silent. */
const outwaiting = [silenceMs, silenceMs + 3 * lookMs] as const;

const nothing = async () => undefined;
const doubting = async ({ fence }: Turn) => fence.doubt();
const isUnavailable = (error: unknown) =>
  expect(error).to.be.instanceOf(RegistryError).with.property('kind', 'UNAVAILABLE');

/** Whoever reads the time of day throws. */
function withoutTimeOfDay(): Disposable {
  const { now } = Date;
  Date.now = () => {
    throw new Error('turns compare no times of day');
  };
  return {
    [Symbol.dispose]: () => {
      Date.now = now;
    },
  };
}

describe('turns of a repository', () => {
  let time: FakeTime;
  let store: MemoryStore;
  beforeEach(() => {
    time = new FakeTime();
    store = new MemoryStore();
  });

  const start = (options?: ProcessOptions) => new Process(store, time, options);
  const numbers = () => [...store.held.keys()].map((key) => Number(key.slice(turnsPrefix(NAME).length)));
  const newest = () =>
    JSON.parse(store.held.get(turnKey(NAME, Math.max(...numbers())))?.bytes.toString() ?? '');

  /** Takes a turn that does nothing; returns how long that took, in milliseconds. */
  async function takes(process: Process, changes = MOVED, options: TakeOptions = {}): Promise<number> {
    const fromMs = time.nowMs;
    await time.until(process.turns.take(NAME, changes, nothing, options));
    return time.nowMs - fromMs;
  }

  /** A process that is killed in its turn. */
  async function dies(process: Process, changes = MOVED, declared: typeof MOVED = []): Promise<void> {
    const isIn = Promise.withResolvers<void>();
    void process.turns.take(NAME, changes, async ({ declare }) => {
      await declare(declared);
      isIn.resolve();
      await new Promise(() => undefined);
    });
    await isIn.promise;
    process.kill();
  }

  it('are kept by a holder that takes long and shows that it lives', async () => {
    const [slow, other] = [start(), start()];
    const done: string[] = [];
    const first = slow.turns.take(NAME, MOVED, async ({ fence }) => {
      await slow.wait(5 * silenceMs);
      fence.check();
      done.push('slow');
    });
    await time.pass(1);
    const second = other.turns.take(NAME, MOVED, async () => void done.push('other'), {
      patienceMs: HOUR_MS,
    });
    await time.until(Promise.all([first, second]));
    expect(done).to.deep.equal(['slow', 'other']);
  });

  it('are refused to one who has waited for long enough', async () => {
    const [slow, other] = [start(), start()];
    void slow.turns.take(NAME, MOVED, () => slow.wait(HOUR_MS));
    await time.pass(1);
    isUnavailable(await time.until(rejection(other.turns.take(NAME, MOVED, nothing))));
    expect(time.nowMs).to.be.within(patienceMs, patienceMs + 2 * lookMs);
  });

  for (const [clocks, running] of [
    ['the same', {}],
    ['hours behind', { fromMs: -5 * HOUR_MS }],
    ['hours ahead', { fromMs: 5 * HOUR_MS }],
    ['twice as fast', { rate: 2 }],
  ] as const)
    it(`are taken over from one that died, by one whose clock is ${clocks}, after a while by that clock`, async () => {
      using _ = withoutTimeOfDay();
      await dies(start(), ELSEWHERE);
      const other = start(running);
      const fromMs = other.now();
      await takes(other);
      expect(other.now() - fromMs).to.be.within(...outwaiting);
    });

  it('are not had again by one whose sign of life was answered too late', async () => {
    let isHeld = false;
    const slow = start({
      async around({ name, proceed }) {
        if (isHeld && name === 'put') await time.wait(validMs + 500);
        return proceed();
      },
    });
    const checks: boolean[] = [];
    await time.until(
      slow.turns.take(NAME, MOVED, async ({ fence }) => {
        fence.check();
        isHeld = true;
        for (let i = 0; i < 4; i++) {
          await slow.wait(validMs);
          const isShut = () => fence.check();
          expect(isShut).to.throw(RegistryError, 'too long');
          checks.push(true);
        }
      }),
    );
    expect(checks).to.have.length(4);
  });

  it('of one whose number was used and deleted while it was being taken are given up', async () => {
    let isHeld = true;
    const slow = start({
      async around({ name, proceed }) {
        if (isHeld && name === 'putIfAbsent') await time.wait(4 * keepMs);
        return proceed();
      },
    });
    const other = start();
    await takes(other);
    const done: string[] = [];
    const late = slow.turns.take(NAME, MOVED, async () => void done.push('slow'), { patienceMs: HOUR_MS });
    await time.pass(1);
    isHeld = false;
    for (let i = 0; i < 3; i++) {
      await takes(other);
      await time.pass(keepMs);
    }
    await time.pass(keepMs - 1000);
    expect(numbers()).not.to.include(2);
    const held = other.turns.take(NAME, MOVED, async () => {
      await other.wait(10_000);
      done.push('other');
    });
    await time.until(Promise.all([late, held]));
    expect(done).to.deep.equal(['other', 'slow']);
  });

  it('are refused to one whose store is too slow for any', async () => {
    const slow = start({
      async around({ name, proceed }) {
        if (name === 'putIfAbsent') await time.wait(keepMs);
        return proceed();
      },
    });
    isUnavailable(await time.until(rejection(slow.turns.take(NAME, MOVED, nothing))));
    expect(numbers()).to.deep.equal([1]);
  });

  it('are deleted when they are old, all but the last', async () => {
    const process = start();
    for (let i = 0; i < 5; i++) await takes(process);
    expect(numbers()).to.deep.equal([1, 2, 3, 4, 5]);
    await time.pass(keepMs);
    await takes(process);
    await time.pass(keepMs);
    expect(numbers()).to.deep.equal([6]);
  });

  for (const [what, remote, patience, isFree] of [
    ['at once, without a doubt, where nothing comes after its end', false, 0, true],
    ['at once, but in doubt, where its writes may still come', true, 0, false],
    ['at once, and for what is in doubt later, where its writes may still come', true, 2 * lateMs, true],
  ] as const)
    it(`are free ${what}, if the holder has certainly ended`, async () => {
      if (remote) store = new RemoteStore();
      await dies(start({ owner: { name: 'a', isGone: () => false } }));
      const other = start({ owner: { name: 'b', isGone: (name) => name === 'a' } });
      expect(await takes(other, ELSEWHERE)).to.equal(0);
      const taking = takes(other, OTHERWISE, { patienceMs: patience });
      if (isFree) expect(await taking).to.equal(remote ? lateMs : 0);
      else isUnavailable(await rejection(taking));
    });

  it('are not free at once because their holder has no name', async () => {
    await dies(start());
    const other = start({ owner: { name: 'b', isGone: () => true } });
    expect(await takes(other)).to.be.within(...outwaiting);
  });

  it('of a client that has gone change nothing more', async () => {
    const gone = new AbortController();
    const taking = start().turns.take(
      NAME,
      MOVED,
      async ({ fence }) => {
        fence.check();
        gone.abort();
        fence.check();
      },
      { signal: gone.signal },
    );
    expect(await time.until(rejection(taking))).to.have.property('kind', 'CLIENT_GONE');
    expect(await takes(start(), OTHERWISE)).to.equal(0);
  });

  it('are not waited for by a client that has gone', async () => {
    const [slow, other] = [start(), start()];
    void slow.turns.take(NAME, MOVED, () => slow.wait(HOUR_MS));
    await time.pass(1);
    const gone = new AbortController();
    const waiting = rejection(other.turns.take(NAME, MOVED, nothing, { signal: gone.signal }));
    await time.pass(1);
    gone.abort();
    expect(await waiting).to.have.property('kind', 'CLIENT_GONE');
  });

  it('are over for their holder although that cannot be written, and for others after a while', async () => {
    const around = ({ name, proceed }: Call<ObjectStore>) =>
      name === 'put' ? Promise.reject(new Error('made up')) : proceed();
    expect(await time.until(start({ around }).turns.take(NAME, MOVED, async () => 'done'))).to.equal('done');
    expect(await takes(start())).to.be.within(...outwaiting);
  });

  describe('leave a doubt', () => {
    it('only for what is at odds with it', async () => {
      await takes(start());
      await time.until(start().turns.take(NAME, MOVED, doubting));
      expect(await takes(start(), MOVED)).to.equal(0);
      expect(await takes(start(), ELSEWHERE)).to.equal(0);
      isUnavailable(await rejection(takes(start(), OTHERWISE)));
      isUnavailable(await rejection(takes(start(), [], { needs: OTHERWISE })));
      expect(await takes(start(), [], { needs: MOVED })).to.equal(0);
    });

    it('of what a holder that died was about to do, also what it said later', async () => {
      const linked = [manifestChange(FIRST, 'linked')];
      const unlinked = [manifestChange(FIRST, 'gone')];
      await dies(start(), MOVED, linked);
      isUnavailable(await rejection(takes(start(), unlinked)));
      expect(await takes(start(), linked)).to.be.within(...outwaiting);
    });

    it('that is carried on by others, and is over after a while by the clock of each', async () => {
      const fast = start({ rate: 2, fromMs: HOUR_MS });
      const doubtful = start();
      await time.until(doubtful.turns.take(NAME, MOVED, doubting));
      doubtful.kill();
      for (let i = 0; i < 3; i++) await takes(start(), ELSEWHERE);
      await takes(fast, ELSEWHERE);
      expect(await takes(fast, OTHERWISE, { patienceMs: HOUR_MS })).to.equal(lateMs / 2);
    });

    it('that is over for all when the one that has it has waited', async () => {
      await time.until(start().turns.take(NAME, MOVED, doubting));
      await time.pass(lateMs);
      expect(newest()).to.include({ isOver: true }).and.to.deep.include({ doubts: [] });
      expect(await takes(start(), OTHERWISE)).to.equal(0);
    });

    it('for which nobody else waits', async () => {
      const process = start();
      await time.until(process.turns.take(NAME, MOVED, doubting));
      const waiting = process.turns.take(NAME, OTHERWISE, nothing, { patienceMs: HOUR_MS });
      await time.pass(1);
      expect(await takes(process, ELSEWHERE)).to.equal(0);
      await time.until(waiting);
      expect(time.nowMs).to.be.within(lateMs, lateMs + lookMs);
    });
  });

  it('say nothing more when they may be over', async () => {
    const slow = start({
      around: ({ name, proceed }) => (name === 'put' ? new Promise(() => undefined) : proceed()),
    });
    const declaring = Promise.withResolvers<unknown>();
    void slow.turns.take(NAME, MOVED, async ({ declare }) => {
      await slow.wait(validMs);
      declaring.resolve(await rejection(declare(OTHERWISE)));
    });
    isUnavailable(await time.until(declaring.promise));
  });

  for (const [what, content] of [
    ['nothing', ''],
    ['garbage', '{"version":'],
    ['what a later version wrote', '{"version": 2}'],
  ] as const)
    it(`whose record holds ${what} are outwaited, and everything is in doubt`, async () => {
      store = new RemoteStore();
      store.hold(turnKey(NAME, 7), content);
      isUnavailable(await rejection(takes(start())));
      expect(time.nowMs).to.be.within(...outwaiting);
      // Refused at once from here on: the error says when to come again.
      expect(await takes(start(), [])).to.be.within(...outwaiting);
      expect(numbers()).to.deep.equal([7, 8]);
      expect(await takes(start(), MOVED, { patienceMs: HOUR_MS })).to.equal(lateMs);
    });

  it('whose record a power cut has torn are over, where nothing comes after it', async () => {
    for (const torn of ['', '{"version":', '\0\0\0']) {
      store.hold(turnKey(NAME, 7), torn);
      expect(await takes(start()), torn).to.equal(0);
      store.held.clear();
    }
    store.hold(turnKey(NAME, 7), '{"version": 2}');
    isUnavailable(await rejection(takes(start())));
  });

  it('whose record cannot be read are kept while it changes', async () => {
    const isKept = rejection(start().turns.take(NAME, [], nothing));
    for (let i = 0; i < 10; i++) {
      store.hold(turnKey(NAME, 1), `{"version": 2, "beat": ${i}}`);
      await time.pass(patienceMs / 8);
    }
    isUnavailable(await isKept);
    expect(numbers()).to.deep.equal([1]);
  });
});

/**
 * Promise: a step of the wall clock, by any amount and in any direction, ends no grace and no quarantine, and is
 * reported. The clock by which content grows old falls behind at most; it is never ahead by more than is stated.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { Metrics } from '../../services/http/metrics.ts';
import { NO_AUDIT } from '../../services/registry/audit/audit.ts';
import {
  bridgeMaxMsOf,
  type Clocks,
  type FollowedClock,
  GarbageClock,
} from '../../services/registry/garbage/online/garbage-clock.ts';
import { readProgress, requestCycle } from '../../services/registry/garbage/online/progress.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { blobDataKey, uploadStartedAtKey } from '../../services/registry/storage/layout.ts';
import { GarbageWorker } from '../../services/sync/garbage/worker.ts';
import { eventually } from '../support/eventually.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { HOUR } from './cycles.ts';

const BEGINNING = Date.parse('2024-05-05T05:05:05Z');
const BRIDGE = 12 * HOUR;

/** A machine whose clocks a test moves. */
class Machine implements Clocks {
  boot = 'boot 1';
  wallMs = BEGINNING;
  monotonicMs = 1000;
  readonly wall = () => this.wallMs;
  readonly monotonic = () => this.monotonicMs;

  pass(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }

  reboot(): void {
    this.boot += '+';
    this.monotonicMs = 0;
  }

  clock(onStep?: (byMs: number) => void): GarbageClock {
    return new GarbageClock(this, BRIDGE, onStep);
  }
}

/** Once begun. */
function begun(machine: Machine, onStep?: (byMs: number) => void) {
  const clock = machine.clock(onStep);
  return { clock, beganAt: clock.now() };
}

describe('the clock of the collector', () => {
  for (const days of [-80, -1, 1, 80])
    it(`counts no step of the wall clock by ${days} days, and reports it`, () => {
      const machine = new Machine();
      const steps: number[] = [];
      const { clock, beganAt } = begun(machine, (byMs) => steps.push(byMs));
      machine.wallMs += days * 24 * HOUR;
      expect(clock.now() - beganAt).to.equal(0);
      machine.pass(HOUR);
      expect(clock.now() - beganAt).to.equal(HOUR);
      expect(steps).to.deep.equal([days * 24 * HOUR]);
      expect(clock.state.step).to.include({ byMs: days * 24 * HOUR });
      expect([clock.wasStepped(2 * HOUR), clock.wasStepped(HOUR / 2)]).to.deep.equal([true, false]);
      // The next process on this machine has its monotonic clock.
      machine.wallMs -= days * 24 * HOUR;
      const next = machine.clock((byMs) => steps.push(byMs));
      next.follow({ clock: clock.state });
      machine.pass(HOUR);
      expect(next.now() - beganAt).to.equal(2 * HOUR);
    });

  it('counts the time between two boots by the wall clock, up to half of the shortest time', () => {
    for (const [passedMs, counted] of [
      [HOUR, HOUR],
      [BRIDGE, BRIDGE],
      [50 * 24 * HOUR, BRIDGE],
      [-50 * 24 * HOUR, 0],
    ] as const) {
      const machine = new Machine();
      const { clock, beganAt } = begun(machine);
      const stored = { clock: clock.state };
      machine.reboot();
      machine.wallMs += passedMs;
      const next = machine.clock();
      next.follow(stored);
      expect(next.now() - beganAt).to.equal(counted);
      expect(next.wasStepped(HOUR)).to.equal(passedMs < 0);
    }
    expect(bridgeMaxMsOf([24 * HOUR, 72 * HOUR, 0])).to.equal(BRIDGE);
  });

  it('is the wall clock at first, but not ahead of the last heartbeat of an older version by more than that', () => {
    const machine = new Machine();
    expect(machine.clock().now()).to.equal(BEGINNING);
    for (const [beatAt, shown] of [
      [BEGINNING - HOUR, BEGINNING],
      [BEGINNING - 50 * 24 * HOUR, BEGINNING - 50 * 24 * HOUR + BRIDGE],
    ] as const) {
      const clock = machine.clock();
      clock.follow({ beatAt: new Date(beatAt).toISOString() });
      expect(clock.now()).to.equal(shown);
    }
  });

  it('is kept by waiting workers, whose wall clocks do not count', () => {
    const [one, other] = [new Machine(), new Machine()];
    other.boot = 'boot of another machine';
    const { clock, beganAt } = begun(one);
    const waiting = other.clock();
    waiting.follow({ clock: clock.state });
    other.wallMs += 50 * 24 * HOUR;
    for (const machine of [one, other]) machine.pass(30 * HOUR);
    waiting.follow({ clock: clock.state });
    expect(waiting.now() - beganAt).to.equal(30 * HOUR);
  });

  /** Two machines take turns every minute; returns by how much the clock is ahead of the time that passed. */
  const aheadAfter = (turns: number, machines: readonly [Machine, Machine]) => {
    const { clock, beganAt } = begun(machines[0]);
    let stored = clock.state;
    let passedMs = 0;
    const pass = (ms: number) => {
      for (const machine of machines) machine.pass(ms);
      passedMs += ms;
    };
    for (let turn = 1; turn <= turns; turn++) {
      pass(30_000);
      const next = (turn % 2 === 0 ? machines[0] : machines[1]).clock();
      next.follow({ clock: stored });
      pass(30_000);
      stored = next.state;
    }
    return stored.ms - beganAt - passedMs;
  };

  it('gains one bridge, and no more than was counted after it, from machines that disagree and take turns', () => {
    const ahead = new Machine();
    ahead.boot = 'boot of another machine';
    ahead.wallMs += 72 * HOUR;
    expect(aheadAfter(500, [new Machine(), ahead])).to.be.within(BRIDGE - HOUR, BRIDGE + HOUR);
  });

  for (const [what, wallMs] of [
    ['whose wall clocks are right', 0],
    ['that was paused for long', 72 * HOUR],
  ] as const)
    it(`gains two bridges at most from copies of one machine ${what}`, () => {
      const copy = new Machine();
      copy.monotonicMs += 72 * HOUR;
      copy.wallMs += wallMs;
      expect(aheadAfter(500, [new Machine(), copy])).to.be.at.most(2 * BRIDGE);
    });

  it('bridges again what was counted since the last time, by any worker', () => {
    const machine = new Machine();
    const waiting = new Machine();
    waiting.boot = 'boot of another machine';
    let { clock } = begun(machine);
    const { clock: other } = begun(waiting);
    const bridge = (stored = clock.state) => {
      machine.reboot();
      machine.wallMs += 72 * HOUR;
      clock = machine.clock();
      clock.follow({ clock: stored });
      return clock.now() - stored.ms;
    };
    expect([bridge(), bridge()]).to.deep.equal([BRIDGE, 0]);
    machine.pass(HOUR);
    expect(bridge()).to.equal(HOUR);
    // A worker that waits has not bridged anything itself, and knows what others have.
    other.follow({ clock: clock.state });
    expect(bridge(other.state)).to.equal(0);
    waiting.pass(100 * HOUR);
    expect(bridge(other.state)).to.equal(BRIDGE);
  });

  it('is never ahead of the time that passed, but for one bridge a boot', () => {
    const event = fc.record({
      does: fc.constantFrom('passes', 'steps', 'restarts', 'reboots', 'stores', 'other'),
      ms: fc.integer({ min: 0, max: 100 * HOUR }),
      back: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const machines = [new Machine(), new Machine()] as const;
        machines[1].boot = 'another';
        const clocks = machines.map((machine) => machine.clock());
        let stored: FollowedClock = {};
        let [passedMs, boots, at, steps] = [0, 1, 0, 0];
        const now = () => clocks[at]?.now() ?? 0;
        const beganAt = now();
        stored = { clock: clocks[0]?.state };
        for (const { does, ms, back } of events) {
          const machine = machines[at] ?? machines[0];
          if (does === 'passes') for (const each of machines) each.pass(ms);
          if (does === 'passes') passedMs += ms;
          if (does === 'steps') machine.wallMs += back ? -ms : ms;
          if (does === 'steps') steps++;
          if (does === 'reboots') boots++;
          if (does === 'reboots') machine.reboot();
          if (does === 'restarts' || does === 'reboots') clocks[at] = machine.clock();
          if (does === 'other') at = 1 - at;
          clocks[at]?.follow(stored);
          if (does === 'stores') stored = { clock: clocks[at]?.state };
          const aheadMs = now() - beganAt - passedMs;
          expect(aheadMs).to.be.at.most(steps === 0 ? 0 : (boots + 1) * BRIDGE);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a worker whose wall clock is stepped', () => {
  const NEVER_MS = 24 * 365 * HOUR;
  const started = (objects: MemoryStore, clocks: Clocks, warnings: string[]) =>
    new GarbageWorker({
      objects,
      settings: {
        collecting: {
          ...{ intervalMs: NEVER_MS, graceMs: 24 * HOUR, quarantineMs: 72 * HOUR, deleteUntagged: false },
        },
        purging: { ageMs: 168 * HOUR, intervalMs: 1, dryRun: false },
        requestsPerSecond: undefined,
      },
      ...{ audit: NO_AUDIT, metrics: new Metrics(), clocks, pollMs: 5, settleMs: 0, firstPurgeMs: 0 },
      logger: {
        ...{ info: () => undefined, error: () => undefined },
        warn: (_fields, message) => warnings.push(message),
      },
    });

  it('by +50 and +80 hours deletes nothing before grace and quarantine are over', async () => {
    const objects = new MemoryStore();
    const key = blobDataKey(digestOf(Buffer.from('garbage')));
    objects.hold(key, 'garbage');
    const machine = new Machine();
    const warnings: string[] = [];
    await using _ = started(objects, machine, warnings);
    const last = async () => (await readProgress(objects))?.last;
    await eventually('a cycle has ended', async () => (await last()) !== undefined);
    const cycle = async () => {
      const before = (await last())?.endedAt;
      await requestCycle(objects, 'a test');
      await eventually('a cycle has ended', async () => (await last())?.endedAt !== before);
      return (await last())?.counts;
    };
    machine.wallMs += 50 * HOUR;
    expect(await cycle()).to.include({ suspected: 1, quarantined: 0 });
    machine.pass(25 * HOUR);
    expect(await cycle()).to.include({ suspected: 0, quarantined: 1 });
    machine.wallMs += 80 * HOUR;
    expect(await cycle()).to.include({ inQuarantine: 1, deleted: 0 });
    expect(objects.held.has(key)).to.equal(true);
    expect(warnings).to.include('the wall clock was stepped: grace and quarantine do not count this time');
    expect((await readProgress(objects))?.clock?.step).to.include({ byMs: 80 * HOUR });
    machine.pass(73 * HOUR);
    expect(await cycle()).to.include({ deleted: 1 });
  });

  it('purges no upload for as long as uploads may grow old', async () => {
    const objects = new MemoryStore();
    const machine = new Machine();
    await using _ = started(objects, machine, []);
    const purged = async () => (await readProgress(objects))?.purge?.purged;
    await eventually('it has looked', async () => (await purged()) === 0);
    const isSeen = (byMs: number) =>
      eventually('it has seen the step', async () => {
        await requestCycle(objects, 'a test');
        return (await readProgress(objects))?.clock?.step?.byMs === byMs;
      });
    machine.wallMs -= 192 * HOUR;
    await isSeen(-192 * HOUR);
    // Begun while the clock is eight days slow, which is put right then.
    const startedAt = uploadStartedAtKey('candidate/app' as never, 'an-upload' as never);
    objects.hold(startedAt, '', new Date(machine.wallMs));
    machine.wallMs += 192 * HOUR;
    await isSeen(192 * HOUR);
    expect(objects.held.has(startedAt)).to.equal(true);
    machine.pass(169 * HOUR);
    await eventually('it is purged', () => !objects.held.has(startedAt));
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import type { RedisServer } from '../support/redis.ts';
import type { TestRegistry } from '../support/registry.ts';
import type { Eyes } from './eyes.ts';
import type { Journal } from './journal.ts';
import type { Troubles } from './troubles.ts';

/** A worker that does not show itself for longer than 15 s has lost its lease; a request may be late by 60 s at most. */
const LEASE_LOST_MS = { least: 17_000, most: 22_000 } as const;
/** Whoever goes on after a collector that did not end in peace does nothing for 60 s; so long it is left alone. */
const SUCCESSION_MS = 70_000;
/** For this share of the soak's time at most, the collector is left alone until it has deleted something. */
const UNDISTURBED_MAX = 0.4;
const DELETION_WITHIN_MS = 9000;
const STARTS_MAX = 3;

type WorkerDeed = 'kill' | 'restart' | 'freeze' | 'lose';

/** What can be done to a soak's processes. */
export interface Victims {
  readonly nodes: readonly TestRegistry[];
  readonly workers: readonly TestRegistry[];
  readonly releases: readonly TestRegistry[];
  readonly redis: RedisServer;
}

/** Draws each of some things once, in any order, then from all of them by their weight, so that none is left out. */
class Bag<T extends string> {
  readonly #random: Random;
  readonly #weighted: readonly T[];
  #left: T[];

  constructor(random: Random, weights: Readonly<Record<T, number>>) {
    const entries = Object.entries(weights) as [T, number][];
    this.#random = random;
    this.#left = entries.map(([thing]) => thing);
    this.#weighted = entries.flatMap(([thing, weight]) => Array.from({ length: weight }, () => thing));
  }

  draw(): T {
    if (this.#left.length === 0) this.#left = [...this.#weighted];
    return this.#left.splice(this.#random.int(0, this.#left.length - 1), 1)[0] as T;
  }
}

/** Kills, stops, freezes and starts processes at random, each kind by itself, until it is told to end; then all run. */
export class Chaos {
  readonly #victims: Victims;
  readonly #eyes: Eyes;
  readonly #journal: Journal;
  readonly #troubles: Troubles;
  readonly #random: Random;
  readonly #seconds: number;
  readonly #hasDeleted: () => boolean;
  readonly #over = new AbortController();

  constructor(
    victims: Victims,
    eyes: Eyes,
    {
      journal,
      troubles,
      random,
      seconds,
      hasDeleted,
    }: {
      journal: Journal;
      troubles: Troubles;
      random: Random;
      seconds: number;
      /** Whether a collector has deleted something, in a cycle that has ended. */
      hasDeleted: () => boolean;
    },
  ) {
    this.#victims = victims;
    this.#eyes = eyes;
    this.#journal = journal;
    this.#troubles = troubles;
    this.#random = random;
    this.#seconds = seconds;
    this.#hasDeleted = hasDeleted;
  }

  /** Works until `end` is called or the soak is over; returns when every process runs again. */
  async run(): Promise<void> {
    await Promise.all([
      this.#disturbNodes(),
      this.#disturbWorkers(),
      this.#disturbReleases(),
      this.#disturbOthers(),
    ]);
  }

  end(): void {
    this.#over.abort();
  }

  async #disturbNodes(): Promise<void> {
    const { nodes } = this.#victims;
    const deeds = new Bag(this.#random, { kill: 5, restart: 3, freeze: 3, 'kill all': 1 });
    for (let tookMs = 0; await this.#pause(2500 + tookMs, 6000 + tookMs); ) {
      const begunMs = this.#journal.nowMs;
      const node = this.#random.pick(nodes) as TestRegistry;
      const name = `node ${nodes.indexOf(node) + 1}`;
      const end = this.#troubles.begin();
      const deed = deeds.draw();
      if (deed === 'kill') await this.#kill(node, name, 'nodes killed');
      else if (deed === 'restart') await this.#restart(node, name, 'nodes restarted');
      else if (deed === 'freeze') await this.#freeze(node, name, this.#random.int(500, 4000), 'nodes frozen');
      else {
        this.#journal.count('all nodes killed at once');
        await Promise.all(nodes.map((each, i) => this.#kill(each, `node ${i + 1}`, 'nodes killed')));
      }
      end();
      // Where starts take long, so does a push: it has to come to its end between two deaths now and then.
      tookMs = this.#journal.nowMs - begunMs;
    }
  }

  /**
   * Mostly in the midst of a deletion, and then the one that deletes; but not twice in a row, so that cycles end, too:
   * only those are counted as having deleted something. One that does not end in peace costs a minute in which nothing
   * is collected, so that comes when something has been deleted, and then the successor is left alone for that minute;
   * meanwhile the other one bears it all.
   */
  async #disturbWorkers(): Promise<void> {
    const { signal } = this.#over;
    const [anyDeeds, mildDeeds, harshDeeds] = [
      new Bag(this.#random, { kill: 3, restart: 2, freeze: 2 }),
      new Bag(this.#random, { restart: 1, freeze: 1 }),
      new Bag(this.#random, { kill: 1, lose: 1 }),
    ];
    const undisturbedMs = this.#seconds * 1000 * UNDISTURBED_MAX;
    let isDeleting = false;
    let successionUntilMs = 0;
    while (await this.#pause(4000, 12_000)) {
      const { nowMs } = this.#journal;
      const isHarshDue = nowMs > successionUntilMs && this.#hasDeleted();
      const isLeftAlone = nowMs < successionUntilMs || (nowMs < undisturbedMs && !isHarshDue);
      isDeleting =
        !isLeftAlone &&
        !isDeleting &&
        this.#random.chance(0.8) &&
        (await this.#eyes.seesDeletion(DELETION_WITHIN_MS, signal));
      if (isDeleting) await sleep(this.#random.int(0, 1500));
      const collector = this.#collector(await this.#eyes.collector());
      if (isDeleting && collector) {
        this.#journal.count('workers disturbed while they delete');
        const deed = (isHarshDue ? harshDeeds : mildDeeds).draw();
        await this.#disturbWorker(collector, deed, ', which deletes');
        if (isHarshDue) successionUntilMs = this.#journal.nowMs + SUCCESSION_MS;
      } else {
        const idle = this.#victims.workers.filter((worker) => worker !== collector);
        await this.#disturbWorker(this.#random.pick(idle) as TestRegistry, anyDeeds.draw());
      }
    }
  }

  #collector(pid: number | undefined): TestRegistry | undefined {
    return this.#victims.workers.find(({ daemon }) => daemon.pid === pid);
  }

  async #disturbWorker(worker: TestRegistry, deed: WorkerDeed, aside = ''): Promise<void> {
    const name = `worker ${this.#victims.workers.indexOf(worker) + 1}${aside}`;
    if (deed === 'kill') await this.#kill(worker, name, 'workers killed');
    else if (deed === 'restart') await this.#restart(worker, name, 'workers restarted');
    else if (deed === 'freeze')
      await this.#freeze(worker, name, this.#random.int(1000, 6000), 'workers frozen');
    else {
      const ms = this.#random.int(LEASE_LOST_MS.least, LEASE_LOST_MS.most);
      await this.#freeze(worker, name, ms, 'workers frozen beyond their lease');
    }
  }

  async #disturbOthers(): Promise<void> {
    const { redis } = this.#victims;
    const deeds = new Bag(this.#random, { flush: 3, 'kill Redis': 3, freeze: 1 });
    while (await this.#pause(1500, 4500)) {
      const deed = deeds.draw();
      if (deed === 'flush') {
        this.#done('Redis', 'FLUSHALL', 'Redis flushed');
        await redis.cli('FLUSHALL');
      } else if (deed === 'kill Redis') {
        this.#done('Redis', 'SIGKILL', 'Redis killed');
        await redis.signal('SIGKILL');
        await this.#pause(0, 4000);
        await redis.start();
        this.#done('Redis', 'runs again');
      } else {
        this.#done('Redis', 'SIGSTOP', 'Redis frozen');
        await redis.signal('SIGSTOP');
        await this.#pause(500, 4000);
        await redis.signal('SIGCONT');
        this.#done('Redis', 'SIGCONT');
      }
    }
  }

  /** A frozen one is late with whatever it was about to write; one that is killed as it wakes up looks at nothing again. */
  async #disturbReleases(): Promise<void> {
    const { releases } = this.#victims;
    const deeds = new Bag(this.#random, { kill: 3, restart: 2, freeze: 2, 'freeze, then kill': 3 });
    while (await this.#pause(4000, 10_000)) {
      const release = this.#random.pick(releases) as TestRegistry;
      const name = `release ${releases.indexOf(release) + 1}`;
      const deed = deeds.draw();
      if (deed.startsWith('freeze'))
        await this.#freeze(release, name, this.#random.int(300, 3000), 'release services frozen');
      if (deed === 'restart') await this.#restart(release, name, 'release services restarted');
      else if (deed !== 'freeze') await this.#kill(release, name, 'release services killed');
    }
  }

  async #kill(registry: TestRegistry, name: string, counter: string): Promise<void> {
    this.#done(name, 'SIGKILL', counter);
    await registry.stop('SIGKILL');
    await this.#pause(0, 1000);
    await this.#start(registry, name);
  }

  async #restart(registry: TestRegistry, name: string, counter: string): Promise<void> {
    this.#done(name, 'SIGTERM', counter);
    await registry.stop('SIGTERM');
    await this.#start(registry, name);
  }

  async #freeze(registry: TestRegistry, name: string, ms: number, counter: string): Promise<void> {
    this.#done(name, 'SIGSTOP', counter);
    registry.daemon.kill('SIGSTOP');
    await this.#pause(ms, ms);
    registry.daemon.kill('SIGCONT');
    this.#done(name, 'SIGCONT');
  }

  async #start(registry: TestRegistry, name: string): Promise<void> {
    for (let tries = 1; ; tries++)
      try {
        await registry.start();
        this.#done(name, 'runs again');
        return;
      } catch (error) {
        // A busy machine takes its time.
        this.#done(name, `did not start: ${error}`, 'starts that took too long');
        if (tries === STARTS_MAX) throw error;
      }
  }

  #done(who: string, what: string, counter?: string): void {
    this.#journal.disturb(who, what);
    if (counter !== undefined) this.#journal.count(counter);
  }

  /** Waits a while between two times; false when it is to end. */
  async #pause(leastMs: number, mostMs: number): Promise<boolean> {
    const signal = AbortSignal.any([this.#over.signal, this.#journal.signal]);
    await sleep(this.#random.int(leastMs, mostMs), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}

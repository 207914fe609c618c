import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import type { RedisServer } from '../support/redis.ts';
import type { TestRegistry } from '../support/registry.ts';
import type { Eyes } from './eyes.ts';
import type { Journal } from './journal.ts';
import type { Troubles } from './troubles.ts';

/** A worker that does not show itself for longer than 15 s has lost its lease; a request may be late by 60 s at most. */
const LEASE_LOST_MS = { least: 17_000, most: 22_000 } as const;
/** The successor of one that may still have a request under way does nothing for 60 s; so long it is left in peace. */
const SUCCESSION_MS = 70_000;
/** When in the soak a worker loses its lease, as shares of its time; further ones only after {@link SUCCESSION_MS}. */
const LEASE_LOST_FROM = 0.55;
const DELETION_WITHIN_MS = 9000;
const STARTS_MAX = 3;

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
  readonly #over = new AbortController();

  constructor(
    victims: Victims,
    eyes: Eyes,
    {
      journal,
      troubles,
      random,
      seconds,
    }: { journal: Journal; troubles: Troubles; random: Random; seconds: number },
  ) {
    this.#victims = victims;
    this.#eyes = eyes;
    this.#journal = journal;
    this.#troubles = troubles;
    this.#random = random;
    this.#seconds = seconds;
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
    while (await this.#pause(1500, 4500)) {
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
    }
  }

  /**
   * Mostly in the midst of a deletion, and then the one that deletes; but not twice in a row, so that cycles end, too:
   * only those are counted as having deleted something.
   */
  async #disturbWorkers(): Promise<void> {
    const { workers } = this.#victims;
    const { signal } = this.#over;
    const deeds = new Bag(this.#random, { kill: 3, restart: 2, freeze: 2 });
    let leaseLostAtMs = Number.NEGATIVE_INFINITY;
    let isDeleting = false;
    while (await this.#pause(4000, 12_000)) {
      isDeleting =
        !isDeleting &&
        this.#random.chance(0.8) &&
        (await this.#eyes.seesDeletion(DELETION_WITHIN_MS, signal));
      if (isDeleting) await sleep(this.#random.int(0, 1500));
      const pid = isDeleting ? await this.#eyes.collector() : undefined;
      const worker =
        workers.find(({ daemon }) => daemon.pid === pid) ?? (this.#random.pick(workers) as TestRegistry);
      const name = `worker ${workers.indexOf(worker) + 1}${isDeleting ? ', which deletes' : ''}`;
      if (isDeleting) this.#journal.count('workers disturbed while they delete');
      const { nowMs } = this.#journal;
      const mayLose =
        isDeleting &&
        nowMs > this.#seconds * 1000 * LEASE_LOST_FROM - 10_000 &&
        nowMs > leaseLostAtMs + SUCCESSION_MS;
      const deed = mayLose ? 'lose' : deeds.draw();
      if (deed === 'lose') {
        leaseLostAtMs = nowMs;
        const ms = this.#random.int(LEASE_LOST_MS.least, LEASE_LOST_MS.most);
        await this.#freeze(worker, name, ms, 'workers frozen beyond their lease');
      } else if (deed === 'kill') await this.#kill(worker, name, 'workers killed');
      else if (deed === 'restart') await this.#restart(worker, name, 'workers restarted');
      else await this.#freeze(worker, name, this.#random.int(1000, 6000), 'workers frozen');
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
    while (await this.#pause(2000, 6000)) {
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

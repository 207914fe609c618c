import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../faults/random.ts';
import type { HeldRequest, Fault as RequestFault, SeenRequest } from '../support/fault-proxy.ts';
import type { Recorder } from './recorder.ts';
import { CHOSEN, FAULTS, type Fault } from './settings.ts';
import type { Process, SetUp } from './setups.ts';
import { StoreFaults } from './store-faults.ts';

const HOUR_MS = 3_600_000;
const STARTS_MAX = 4;
const START_AGAIN_MS = 500;
/** How many of the late requests are looked at: there are too many of them for clients to stop each time. */
const LATE_SEEN = 0.3;
/** Of store requests, while a fault is armed. */
const DELAY_MS = { least: 500, most: 5000 } as const;

/** How often each fault is made: the pause before the next one, in ms; and how long it lasts. */
const PACE: Readonly<Record<Fault, { readonly rest: Span; readonly lasts: Span }>> = {
  kill: { rest: [7000, 18_000], lasts: [0, 1000] },
  pause: { rest: [5000, 13_000], lasts: [3000, 12_000] },
  'long pause': { rest: [30_000, 120_000], lasts: [76_000, 100_000] },
  late: { rest: [500, 2500], lasts: [500, 30_000] },
  'lost answer': { rest: [1000, 4000], lasts: [0, 0] },
  delay: { rest: [1000, 4000], lasts: [0, 0] },
  clock: { rest: [6000, 14_000], lasts: [5000, 20_000] },
  redis: { rest: [4000, 10_000], lasts: [0, 3000] },
};
type Span = readonly [leastMs: number, mostMs: number];

/** Does to a set-up what is chosen, each kind by itself, until it is to end; then all processes run, and clocks are right. */
export class Nemesis {
  readonly #setUp: SetUp;
  readonly #recorder: Recorder;
  readonly #random: Random;
  readonly #over = new AbortController();
  readonly #quieten: () => void;
  readonly #storeFaults: StoreFaults | undefined;
  readonly #delivering: Promise<void>[] = [];
  /** Processes to which something is done: nothing else is done to them in the meantime. */
  readonly #busy = new Set<Process>();

  /** `quieten` has clients only look for a moment, so that what a fault has done is seen. */
  constructor(setUp: SetUp, recorder: Recorder, random: Random, quieten: () => void) {
    this.#setUp = setUp;
    this.#recorder = recorder;
    this.#random = random;
    this.#quieten = quieten;
    this.#storeFaults = setUp.store && new StoreFaults(setUp.store);
  }

  /** The kinds of faults that this set-up has in this run. */
  get kinds(): Fault[] {
    const { store, redis } = this.#setUp;
    const atStore: readonly Fault[] = ['late', 'lost answer', 'delay'];
    return FAULTS.filter((kind) => CHOSEN.has(kind)).filter(
      (kind) => (store || !atStore.includes(kind)) && (redis || kind !== 'redis'),
    );
  }

  /** Works until `end` is called. */
  async run(): Promise<void> {
    const { nodes, releases, workers } = this.#setUp;
    const groups = [nodes, [...releases, ...workers]];
    await Promise.all(
      this.kinds.flatMap((kind) =>
        isOfProcesses(kind) ? groups.map((group) => this.#repeat(kind, group)) : [this.#repeat(kind, [])],
      ),
    );
    await Promise.all(this.#delivering);
  }

  end(): void {
    this.#over.abort();
  }

  /** What is done to processes is done to one of these, whichever has nothing else to bear. */
  async #repeat(kind: Fault, group: readonly Process[]): Promise<void> {
    const { rest, lasts } = PACE[kind];
    const deed = this.#deed(kind, group);
    while (await this.#wait(rest)) await deed(this.#random.int(...lasts));
  }

  #deed(kind: Fault, group: readonly Process[]): (forMs: number) => Promise<void> {
    switch (kind) {
      case 'kill':
        return (forMs) => this.#withOne(group, (process) => this.#kill(process, forMs));
      case 'pause':
      case 'long pause':
        return (forMs) => this.#withOne(group, (process) => this.#pause(process, kind, forMs));
      case 'clock':
        return (forMs) => this.#withOne(group, (process) => this.#moveClock(process, forMs));
      case 'late':
        return (forMs) => this.#late(forMs);
      case 'lost answer':
        return () => this.#once(kind, { kind: 'lose answer' });
      case 'delay':
        return () => this.#once(kind, { kind, ms: this.#random.int(DELAY_MS.least, DELAY_MS.most) });
      case 'redis':
        return (forMs) => this.#disturbRedis(forMs);
    }
  }

  async #withOne(group: readonly Process[], act: (process: Process) => Promise<void>): Promise<void> {
    const process = this.#random.pick(group.filter((each) => !this.#busy.has(each)));
    if (process === undefined) return;
    this.#busy.add(process);
    await act(process);
    this.#busy.delete(process);
  }

  async #kill({ name, registry }: Process, forMs: number): Promise<void> {
    this.#done('kill', `${name} SIGKILL`);
    await registry.stop('SIGKILL');
    await this.#wait([forMs, forMs]);
    for (let tries = 1; ; tries++)
      try {
        await registry.start();
        return this.#recorder.disturb(`${name} runs again`);
      } catch (error) {
        // The store does not answer.
        if (tries === STARTS_MAX) throw error;
        this.#recorder.count('starts that failed');
        await sleep(START_AGAIN_MS);
      }
  }

  async #pause({ name, registry }: Process, kind: Fault, forMs: number): Promise<void> {
    this.#done(kind, `${name} SIGSTOP`);
    registry.daemon.kill('SIGSTOP');
    await this.#wait([forMs, forMs]);
    registry.daemon.kill('SIGCONT');
    this.#recorder.disturb(`${name} SIGCONT`);
    this.#quieten();
  }

  async #moveClock({ name, setClock }: Process, forMs: number): Promise<void> {
    const hours = this.#random.int(1, 50) * (this.#random.chance(0.5) ? 1 : -1);
    this.#done('clock', `clock of ${name} ${hours} h`);
    await setClock(hours * HOUR_MS);
    await this.#wait([forMs, forMs]);
    await setClock(0);
    this.#recorder.disturb(`clock of ${name} is right again`);
  }

  async #late(forMs: number): Promise<void> {
    const held = await this.#storeFaults?.holdNext(this.#over.signal);
    if (held === undefined) return;
    this.#done('late', `held ${brief(held)} for ${forMs} ms`);
    this.#delivering.push(this.#deliver(held, forMs));
  }

  async #deliver(held: HeldRequest, afterMs: number): Promise<void> {
    await this.#wait([afterMs, afterMs]);
    const status = await held.deliver().catch(String);
    this.#recorder.disturb(`delivered ${brief(held)}: ${status}`);
    if (this.#random.chance(LATE_SEEN)) this.#quieten();
  }

  /** Does something to the next request that changes the store. */
  async #once(kind: Fault, fault: RequestFault): Promise<void> {
    const request = await this.#storeFaults?.next(fault, this.#over.signal);
    if (request !== undefined) this.#done(kind, `${kind}: ${brief(request)}`);
  }

  async #disturbRedis(forMs: number): Promise<void> {
    const { redis } = this.#setUp;
    if (this.#random.chance(0.5)) {
      this.#done('redis', 'Redis FLUSHALL');
      await redis?.cli('FLUSHALL');
      return;
    }
    this.#done('redis', 'Redis SIGKILL');
    await redis?.signal('SIGKILL');
    await this.#wait([forMs, forMs]);
    await redis?.start();
    this.#recorder.disturb('Redis runs again');
  }

  #done(kind: Fault, what: string): void {
    this.#recorder.count(`fault: ${kind}`);
    this.#recorder.disturb(what);
  }

  /** False when it is to end. */
  async #wait([leastMs, mostMs]: Span): Promise<boolean> {
    const { signal } = this.#over;
    await sleep(this.#random.int(leastMs, mostMs), undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}

function isOfProcesses(kind: Fault): boolean {
  return kind === 'kill' || kind === 'pause' || kind === 'long pause' || kind === 'clock';
}

/** A request to the store without what all have in common. */
function brief({ method, url }: SeenRequest): string {
  const path = url.replace(/^\/bucket-[^/]*(\/docker\/registry\/v2\/repositories)?/, '');
  return `${method} ${path.replace(/\?x-id=.*/, '')}`;
}

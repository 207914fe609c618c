import { setTimeout as sleep } from 'node:timers/promises';
import { Acknowledged, entriesTold, verifiedBy } from '../audit/acknowledged.ts';
import { Random } from '../faults/random.ts';
import { Builder } from './builder.ts';
import { Caller, GaveUp } from './caller.ts';
import { Chaos } from './chaos.ts';
import { Deleter } from './deleter.ts';
import { type CheckSummary, checkDeep, compareTags, pullEverything, SETTLED_MS } from './final.ts';
import { lacking } from './floors.ts';
import { Journal } from './journal.ts';
import { evidence } from './logs.ts';
import { Memory } from './memory.ts';
import type { Processes } from './processes.ts';
import { Promoter } from './promoter.ts';
import { Puller } from './puller.ts';
import { Pusher } from './pusher.ts';
import { Reader } from './reader.ts';
import { RealClients } from './real-clients.ts';
import { CANDIDATES, STABLE_REPOSITORIES, State } from './state.ts';
import { Troubles } from './troubles.ts';

const BUILDERS = 4;
const DELETERS = 2;
const PROMOTERS = 3;
/** Each pulls all the time: more of them would leave the others little of the processor. */
const READERS = 2;

/** Somebody who does one thing after another. */
interface Actor {
  step(): Promise<void>;
}

/** What came of a soak in which no promise was broken. */
export interface Outcome {
  readonly figures: Readonly<Record<string, number>>;
  /** What has not happened often enough. */
  readonly lacks: readonly string[];
  /** Images that were pulled at the end. */
  readonly images: number;
  readonly check: CheckSummary;
  readonly amiss: readonly string[];
  /** What does not stand in the audit record as it should, and whether that is whole. */
  readonly recorded: {
    readonly missing: readonly string[];
    readonly isWhole: boolean;
    readonly faults: readonly unknown[];
    readonly told: string;
  };
  /** The most that each process held, MiB. */
  readonly highestMib: ReadonlyMap<string, number>;
}

/** Clients at work on processes that fail; throws with the story of the first promise that is broken. */
export async function soak(processes: Processes, seconds: number, seed: number): Promise<Outcome> {
  const journal = new Journal();
  try {
    return await new Soak(processes, journal, seed).run(seconds);
  } catch (error) {
    const [violation] = journal.violations;
    if (violation === undefined) throw error;
    throw new Error(`${violation.message}\n${await evidence(violation, processes)}`);
  }
}

class Soak {
  readonly #processes: Processes;
  readonly #journal: Journal;
  readonly #seed: number;
  readonly #state: State;
  readonly #troubles: Troubles;
  readonly #uploaded = new Set<string>();
  readonly #acknowledged = new Acknowledged();
  #seeds = 0;

  constructor(processes: Processes, journal: Journal, seed: number) {
    this.#processes = processes;
    this.#journal = journal;
    this.#seed = seed;
    this.#state = new State(seed, journal);
    this.#troubles = new Troubles(() => journal.nowMs);
  }

  async run(seconds: number): Promise<Outcome> {
    const { url, releases, eyes } = this.#processes;
    const [release] = releases;
    if (release === undefined) throw new Error('there are no release services');
    const [journal, state] = [this.#journal, this.#state];
    await using held = new AsyncDisposableStack();
    const caller = held.use(new Caller(url, journal, this.#troubles, this.#acknowledged));
    const toReleases = releases.map((each) =>
      held.use(new Caller(each.url, journal, this.#troubles, this.#acknowledged)),
    );
    const puller = new Puller(caller, journal);
    const host = url.slice('http://'.length);
    const real = held.use(
      await RealClients.open({ host, release }, { state, caller, journal, random: this.#random() }),
    );
    const actors: Actor[] = [
      ...times(BUILDERS, () => new Builder(state, this.#pusher(caller), eyes, journal, this.#random())),
      ...times(DELETERS, () => new Deleter(state, caller, journal, this.#random())),
      ...times(PROMOTERS, () => new Promoter(state, toReleases, journal, this.#random())),
      ...times(READERS, () => new Reader(state, puller, journal, this.#random())),
      real,
    ];
    const memory = this.#watchMemory();
    await this.#work(actors, seconds);
    await sleep(SETTLED_MS);
    const images = await pullEverything(state, puller, journal);
    await compareTags(state, journal, url);
    await memory.end();
    await Promise.all(this.#processes.workers.map((worker) => worker.stop()));
    const { summary, amiss } = await checkDeep(this.#processes);
    const recorded = await this.#recorded();
    const lacks = this.#lacking(seconds);
    return {
      ...{
        recorded,
        lacks,
        figures: journal.figures,
        images,
        check: summary,
        amiss,
        highestMib: memory.highestMib,
      },
    };
  }

  /** Returns when the time is over, everybody has ended what they were about, and all processes run. */
  async #work(actors: readonly Actor[], seconds: number): Promise<void> {
    const journal = this.#journal;
    const chaos = new Chaos(this.#processes, this.#processes.eyes, {
      ...{ journal, troubles: this.#troubles, random: this.#random(), seconds },
      hasDeleted: () => this.#deleted() > 0,
    });
    const disturbing = chaos.run();
    const work = async (actor: Actor) => {
      while (!journal.isClosing && !journal.signal.aborted)
        await actor.step().catch((error: unknown) => {
          if (!(error instanceof GaveUp)) throw error;
          journal.count('steps given up');
        });
    };
    const working = actors.map(work);
    // What goes wrong with one of them ends the others; the first broken promise is what is told.
    const failed = Promise.all([disturbing, ...working]);
    failed.catch((error: unknown) => journal.end(error));
    const failure = failed.catch(() => undefined);
    const wait = (ms: number) => sleep(ms, undefined, { signal: journal.signal }).catch(() => undefined);
    await Promise.race([wait(seconds * 1000), failure]);
    // A machine that is busy with other things gets as much time again.
    for (let more = 0; more < seconds && !journal.signal.aborted; more++) {
      if (this.#lacking(seconds).length === 0) break;
      await Promise.race([wait(1000), failure]);
    }
    journal.isClosing = true;
    chaos.end();
    await Promise.allSettled([disturbing, ...working]);
    await failed;
  }

  /** What the audit record says of all that was acknowledged. */
  async #recorded(): Promise<Outcome['recorded']> {
    const { workers, nodes, releases } = this.#processes;
    const [worker] = workers;
    if (worker === undefined) throw new Error('there are no workers');
    const missing = this.#acknowledged.missing(await entriesTold(worker));
    const { isWhole, faults, records, entries } = await verifiedBy(worker, [
      ...nodes,
      ...workers,
      ...releases,
    ]);
    const told = `${this.#acknowledged.size} acknowledged requests, ${entries} entries in ${records} records`;
    return { missing, isWhole, faults, told };
  }

  /** What has not happened often enough. */
  #lacking(seconds: number): string[] {
    this.#journal.highest('blobs deleted by the collector', this.#deleted());
    return lacking(this.#journal, seconds);
  }

  /** How many blobs the collector has deleted, in cycles that have ended. */
  #deleted(): number {
    return this.#processes.workers
      .flatMap((worker) => worker.log())
      .reduce((sum, { deleted = 0 }) => sum + Number(deleted), 0);
  }

  #pusher(caller: Caller): Pusher {
    const sources = [...CANDIDATES, ...STABLE_REPOSITORIES];
    return new Pusher(caller, this.#journal, this.#random(), { sources, uploaded: this.#uploaded });
  }

  /** A seed of its own for each, so that what one does hangs on no other's pace. */
  #random(): Random {
    return new Random(this.#seed + 7919 * ++this.#seeds);
  }

  #watchMemory(): Memory {
    const { nodes, workers, releases } = this.#processes;
    const named = [
      ...nodes.map((node, i) => [`node ${i + 1}`, node] as const),
      ...workers.map((worker, i) => [`worker ${i + 1}`, worker] as const),
      ...releases.map((release, i) => [`release ${i + 1}`, release] as const),
    ];
    return new Memory(
      Object.fromEntries(named.map(([name, registry]) => [name, () => registry.daemon.pid])),
      this.#processes.eyes,
      this.#journal,
    );
  }
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

import { type Configuration, Configurations } from './configurations.ts';
import {
  ABSENT,
  type Action,
  apply,
  earliestMs,
  isConditional,
  isObservation,
  isUnknown,
  type Operation,
} from './operation.ts';

/** Steps of the search after which it gives up; a minute or so. */
const STEPS_MAX = 2_000_000;

/** Whether the operations of one register can have taken effect one after another, each between its start and its end. */
export type Verdict =
  | { readonly kind: 'linearizable' }
  /** None of the orders that were possible before allows this operation. */
  | { readonly kind: 'violation'; readonly at: Operation }
  /** The search took more than its steps. */
  | { readonly kind: 'undecided'; readonly at: Operation };

export interface CheckOptions {
  /** What the register may have at first. @default nothing */
  readonly initial?: Iterable<string>;
  readonly stepsMax?: number;
}

/**
 * Checks a register for linearizability (Wing and Gong, with Lowe's just-in-time order): goes through starts and ends by
 * time, keeps every configuration that is still possible, and lets changes take effect only when an operation that ends
 * needs them. Observations take effect as soon as they are true, since they change nothing. What has ended is forgotten,
 * so memory is bounded by what is under way at once.
 */
export function check(
  operations: readonly Operation[],
  { initial = [ABSENT], stepsMax = STEPS_MAX }: CheckOptions = {},
): Verdict {
  const search = new Search(initial, stepsMax);
  for (const { operation, isEnd } of eventsOf(operations)) {
    if (!isEnd) search.start(operation);
    else if (!search.end(operation)) return { kind: 'violation', at: operation };
    if (search.isOutOfSteps) return { kind: 'undecided', at: operation };
  }
  return { kind: 'linearizable' };
}

interface Event {
  readonly operation: Operation;
  readonly isEnd: boolean;
  readonly atMs: number;
}

/** By time. What ends at the moment at which another one starts may come after it. */
function eventsOf(operations: readonly Operation[]): Event[] {
  const starts = operations.map((operation) => ({ operation, isEnd: false, atMs: earliestMs(operation) }));
  const ends = operations
    .filter((operation) => !isUnknown(operation))
    .map((operation) => ({ operation, isEnd: true, atMs: operation.endMs }));
  return [...starts, ...ends].sort((a, b) => a.atMs - b.atMs || Number(a.isEnd) - Number(b.isEnd));
}

class Search {
  readonly #stepsMax: number;
  #steps = 0;
  #possible = new Configurations();
  /** The bit of each operation under way; bits of ended ones are used again. */
  readonly #bits = new Map<Operation, bigint>();
  readonly #observations = new Set<Operation>();
  readonly #changes = new Set<Operation>();
  readonly #unknown: Action[] = [];

  constructor(initial: Iterable<string>, stepsMax: number) {
    this.#stepsMax = stepsMax;
    for (const state of initial) this.#possible.add({ state, changes: 0n, seen: 0n, used: 0n });
  }

  get isOutOfSteps(): boolean {
    return this.#steps > this.#stepsMax;
  }

  start(operation: Operation): void {
    const isSeen = isObservation(operation.action);
    if (isUnknown(operation)) {
      // An answer that never came has shown nothing.
      if (!isSeen) this.#unknown.push(operation.action);
      return;
    }
    this.#bits.set(operation, this.#freeBit());
    (isSeen ? this.#observations : this.#changes).add(operation);
    if (!isSeen) return;
    const possible = new Configurations();
    for (const configuration of this.#possible) possible.add(this.#look(configuration));
    this.#possible = possible;
  }

  /** False if the operation cannot have taken effect. */
  end(operation: Operation): boolean {
    const bit = this.#bits.get(operation) ?? 0n;
    const done = new Configurations();
    const met = new Configurations();
    const waiting: Configuration[] = [];
    const meet = (configuration: Configuration) => {
      if (!met.add(configuration)) return;
      const { changes, seen } = configuration;
      if (((changes | seen) & bit) === 0n) waiting.push(configuration);
      else done.add({ ...configuration, changes: changes & ~bit, seen: seen & ~bit });
    };
    for (const configuration of this.#possible) meet(configuration);
    for (let i = 0; i < waiting.length && !this.isOutOfSteps; i++)
      for (const next of this.#next(waiting[i] as Configuration)) meet(next);
    this.#bits.delete(operation);
    this.#changes.delete(operation);
    this.#observations.delete(operation);
    this.#possible = done;
    return !done.isEmpty || this.isOutOfSteps;
  }

  /** What a configuration becomes when one more change takes effect. */
  *#next(configuration: Configuration): Generator<Configuration> {
    for (const operation of this.#changes) {
      const bit = this.#bits.get(operation) ?? 0n;
      if ((configuration.changes & bit) !== 0n) continue;
      this.#steps++;
      const state = apply(operation.action, configuration.state);
      if (state !== undefined)
        yield this.#look({ ...configuration, state, changes: configuration.changes | bit });
    }
    yield* this.#nextUnknown(configuration);
  }

  /**
   * The same for changes of unknown outcome. One that shows nothing new is left out, unless others depend on the state:
   * they could as well have taken effect without it. Of equal ones, one will do.
   */
  *#nextUnknown(configuration: Configuration): Generator<Configuration> {
    const dependOnState = [...this.#changes].some(({ action }) => isConditional(action));
    const tried = new Set<string>();
    for (const [index, action] of this.#unknown.entries()) {
      const bit = 1n << BigInt(index);
      const key = `${action.kind} ${Object.values(action).join(' ')}`;
      if ((configuration.used & bit) !== 0n || tried.has(key)) continue;
      tried.add(key);
      this.#steps++;
      const state = apply(action, configuration.state);
      if (state === undefined || state === configuration.state) continue;
      const next = this.#look({ ...configuration, state, used: configuration.used | bit });
      if (dependOnState || this.#enablesUnknown(state) || next.seen !== configuration.seen) yield next;
    }
  }

  #enablesUnknown(state: string): boolean {
    return this.#unknown.some(
      (action) => isConditional(action) && ![undefined, state].includes(apply(action, state)),
    );
  }

  /** Every observation under way that is true now. */
  #look(configuration: Configuration): Configuration {
    let { seen } = configuration;
    for (const operation of this.#observations)
      if (apply(operation.action, configuration.state) !== undefined) seen |= this.#bits.get(operation) ?? 0n;
    return { ...configuration, seen };
  }

  #freeBit(): bigint {
    const taken = [...this.#bits.values()].reduce((all, bit) => all | bit, 0n);
    let bit = 1n;
    while ((taken & bit) !== 0n) bit <<= 1n;
    return bit;
  }
}

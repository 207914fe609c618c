import { check } from './checker.ts';
import { isObservation, type Operation } from './operation.ts';
import { timeline } from './timeline.ts';
import { windowOf } from './window.ts';

/** How long before and after a window faults are of interest. */
const AROUND_MS = 5000;
/** Changes before a window that are shown, too. */
const CHANGES_BEFORE = 3;

/** What was done to processes and requests. */
interface Disturbance {
  readonly atMs: number;
  readonly what: string;
}

/** The operations on all registers, on one clock; and all that may explain them. */
export class Recorder {
  readonly #startedAt = performance.now();
  readonly #registers = new Map<string, Operation[]>();
  readonly #disturbances: Disturbance[] = [];
  readonly #counts = new Map<string, number>();
  readonly #wrong: string[] = [];

  /** Milliseconds since the beginning. */
  get nowMs(): number {
    return performance.now() - this.#startedAt;
  }

  add(register: string, operation: Operation): void {
    const operations = this.#registers.get(register);
    if (operations) operations.push(operation);
    else this.#registers.set(register, [operation]);
  }

  disturb(what: string): void {
    this.#disturbances.push({ atMs: this.nowMs, what });
  }

  /** Keeps an answer that no order of operations explains. */
  wrong(what: string): void {
    this.count('wrong answers');
    this.#wrong.push(`${(this.nowMs / 1000).toFixed(3)} s: ${what}`);
  }

  count(what: string): void {
    this.#counts.set(what, this.counted(what) + 1);
  }

  counted(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** All figures, by name. */
  get figures(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  get operations(): number {
    return this.#registers.values().reduce((sum, operations) => sum + operations.length, 0);
  }

  /** What is wrong: registers whose history no order explains, each with its window, and wrong answers. */
  violations(): string[] {
    const found = this.#registers.entries().flatMap(([register, operations]) => {
      const verdict = check(operations);
      if (verdict.kind === 'linearizable') return [];
      if (verdict.kind === 'undecided')
        return [`${register}: undecided after ${operations.length} operations`];
      return [`${register} is not linearizable\n${this.#story(register, verdict.at)}`];
    });
    return [...found, ...this.#wrong];
  }

  #story(register: string, at: Operation): string {
    const operations = this.#registers.get(register) ?? [];
    const window = windowOf(operations, at);
    const begunMs = Math.min(...window.map(({ startMs }) => startMs));
    const before = operations
      .filter((each) => each.startMs < begunMs && !isObservation(each.action) && !window.includes(each))
      .sort((one, other) => one.startMs - other.startMs)
      .slice(-CHANGES_BEFORE);
    const [repository = ''] = register.split(/[:@]/);
    const isAbout = (what: string) => what.includes(`${repository}/`) || !what.includes('/');
    const fromMs = Math.min(begunMs, ...before.map(({ startMs }) => startMs)) - AROUND_MS;
    const faults = this.#disturbances
      .filter(({ atMs, what }) => atMs >= fromMs && atMs <= at.endMs + AROUND_MS && isAbout(what))
      .map(({ atMs, what }) => `    ${(atMs / 1000).toFixed(3)} s ${what}`);
    return [timeline([...before, ...window], at), '  what was done then', ...faults].join('\n');
  }
}

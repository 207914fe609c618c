import type { MochaRun } from './mocha.ts';
import type { PlannedSuite } from './suites.ts';
import { doneOf, sumOf, type Tally } from './tally.ts';

/** How often a log that is no terminal gets a line. */
const LINE_MS = 30_000;
/** How often the line of a terminal is drawn again. */
const REDRAW_MS = 500;
const ERASE_LINE = '\r\x1b[2K';

/** What is known of a suite that was started. */
interface Started {
  readonly run: MochaRun;
  /** Undefined while it runs. */
  seconds?: number;
}

/** How far a run of several suites is, and how it ended: what people see while they wait, and after. */
export class Progress {
  readonly #suites: readonly PlannedSuite[];
  readonly #started = new Map<string, Started>();
  readonly #startedMs = performance.now();
  readonly #isTerminal = process.stdout.isTTY === true;
  /** Drawn or printed until `stop`. */
  readonly #timer: NodeJS.Timeout;
  #declared: Readonly<Record<string, number>> = {};
  #failuresShown = 0;
  /** Shown in place of the suites while none runs. */
  note = '';

  constructor(suites: readonly PlannedSuite[]) {
    this.#suites = suites;
    this.#timer = setInterval(() => this.#show(), this.#isTerminal ? REDRAW_MS : LINE_MS);
  }

  /** How many tests each file declares, for the suites that have not started. */
  set declared(testsOf: Readonly<Record<string, number>>) {
    this.#declared = testsOf;
  }

  started(suite: PlannedSuite, run: MochaRun): void {
    this.#started.set(suite.name, { run });
  }

  /** Failures are printed at once, the report of a suite when it is whole. */
  changed(): void {
    const failures = this.failures;
    for (const failure of failures.slice(this.#failuresShown)) this.print(`failed: ${failure}`);
    this.#failuresShown = failures.length;
  }

  ended(suite: PlannedSuite, run: MochaRun): void {
    const seconds = (performance.now() - run.startedMs) / 1000;
    this.#started.set(suite.name, { run, seconds });
    this.changed();
    this.print(Buffer.concat(run.output).toString().trimEnd());
    this.print(`${suite.name}: ${run.isComplete ? timeOf(suite, seconds) : 'not to its end'}`);
    this.#show();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.print('');
  }

  /** Prints lines above the one that a terminal shows at the bottom. */
  print(text: string): void {
    process.stdout.write(`${this.#isTerminal ? ERASE_LINE : ''}${text}\n`);
  }

  get tally(): Tally {
    return sumOf([...this.#started.values()].map(({ run }) => run.tally));
  }

  get failures(): string[] {
    return [...this.#started.values()].flatMap(({ run }) => run.failures);
  }

  /** How many tests there are, as far as their files were loaded. */
  get total(): number {
    return this.#suites.reduce((sum, suite) => sum + this.#testsIn(suite), 0);
  }

  /** The suites that did not run, or not to their end. */
  get unfinished(): string[] {
    return this.#suites.map(({ name }) => name).filter((name) => !this.#started.get(name)?.run.isComplete);
  }

  /** One line for each suite that ran to its end: where the time went, the slowest first. */
  get times(): string[] {
    const ended = this.#suites.flatMap((suite) => {
      const { run, seconds } = this.#started.get(suite.name) ?? {};
      return seconds === undefined || !run?.isComplete ? [] : [{ suite, seconds }];
    });
    return ended
      .toSorted((a, b) => b.seconds - a.seconds)
      .map(({ suite, seconds }) => `${suite.name}: ${timeOf(suite, seconds)}`);
  }

  #show(): void {
    const running = this.#suites.filter(({ name }) => {
      const started = this.#started.get(name);
      return started !== undefined && started.seconds === undefined;
    });
    const { failed } = this.tally;
    const line = [
      `${doneOf(this.tally)} of ${this.total} tests`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      `${clock((performance.now() - this.#startedMs) / 1000)} gone`,
      `about ${clock(this.#secondsLeft())} left`,
      running.map(({ name }) => name).join(' ') || this.note,
    ].join(' · ');
    if (this.#isTerminal) process.stdout.write(`${ERASE_LINE}${line.slice(0, process.stdout.columns - 1)}`);
    else console.log(line);
  }

  #testsIn({ name, paths }: PlannedSuite): number {
    const testsOf = this.#started.get(name)?.run.testsOf ?? this.#declared;
    return paths.reduce((sum, path) => sum + (testsOf[path] ?? 0), 0);
  }

  /** What the longest lane has left of its budgets, at the pace of the suites that have ended. */
  #secondsLeft(): number {
    const leftOf = new Map<string, number>();
    let budget = 0;
    let taken = 0;
    for (const { name, lane, budgetSeconds } of this.#suites) {
      const started = this.#started.get(name);
      if (started?.seconds !== undefined) {
        budget += budgetSeconds;
        taken += started.seconds;
        continue;
      }
      const gone = started === undefined ? 0 : (performance.now() - started.run.startedMs) / 1000;
      leftOf.set(lane, (leftOf.get(lane) ?? 0) + Math.max(0, budgetSeconds - gone));
    }
    const pace = budget === 0 ? 1 : taken / budget;
    return Math.max(0, ...leftOf.values()) * pace;
  }
}

/** What a suite took; a suite far over its budget is named, since on a busy machine it may be no fault of its own. */
function timeOf({ budgetSeconds }: PlannedSuite, seconds: number): string {
  const over = seconds > 2 * budgetSeconds + 2 ? ', over twice its budget' : '';
  return `${seconds.toFixed()} s (budget ${budgetSeconds} s${over})`;
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

import { MochaRun } from './mocha.ts';
import type { Progress } from './progress.ts';
import { LANES, type Lane, type PlannedSuite } from './suites.ts';

/**
 * Runs suites in lanes: those of a lane one after the other, in their order, the lanes side by side. A suite that needs
 * packages starts when they are `installed`; the lane takes the next one that needs none until then.
 */
export class LaneRuns {
  readonly #queues: ReadonlyMap<Lane, PlannedSuite[]>;
  readonly #running = new Set<MochaRun>();
  readonly #progress: Progress;
  #isInterrupted = false;
  #isInstalled = false;

  constructor(suites: readonly PlannedSuite[], progress: Progress) {
    const lanes = Object.keys(LANES) as Lane[];
    this.#queues = new Map(lanes.map((lane) => [lane, suites.filter((suite) => suite.lane === lane)]));
    this.#progress = progress;
  }

  /** Resolves when each lane is empty, or when what ran has ended after an interruption. */
  async run(installed: Promise<unknown>): Promise<void> {
    const ready = installed.then(() => {
      this.#isInstalled = true;
    });
    await Promise.all([...this.#queues].map(([lane, queue]) => this.#runLane(lane, queue, ready)));
  }

  /** Starts no further suite, and lets those that run clean up. */
  interrupt(): void {
    this.#isInterrupted = true;
    for (const run of this.#running) run.interrupt();
  }

  /** Ends what still runs, without cleaning up. */
  kill(): void {
    for (const run of this.#running) run.kill();
  }

  async #runLane(lane: Lane, queue: PlannedSuite[], ready: Promise<void>): Promise<void> {
    while (queue.length > 0 && !this.#isInterrupted) {
      // The disk and the processor are busy while packages are installed: nothing is timed then.
      const mayStart = (suite: PlannedSuite) =>
        this.#isInstalled || (suite.packages === undefined && !LANES[lane].isTimed);
      const index = queue.findIndex(mayStart);
      if (index < 0) await ready;
      else for (const suite of queue.splice(index, 1)) await this.#runSuite(suite);
    }
  }

  async #runSuite(suite: PlannedSuite): Promise<void> {
    const run = new MochaRun({
      files: suite.paths,
      isCaptured: true,
      nice: LANES[suite.lane].nice,
      onChange: () => this.#progress.changed(),
    });
    this.#running.add(run);
    this.#progress.started(suite, run);
    await run.ended;
    this.#running.delete(run);
    this.#progress.ended(suite, run);
  }
}

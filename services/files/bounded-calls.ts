export interface BoundedCallsOptions {
  /** The most calls that run at once. */
  readonly atOnce: number;
  /** The most calls on one path that run at once: a path that hangs must not hold all of `atOnce`. */
  readonly perPath: number;
  /** A call that runs for longer counts as stuck, and its caller gets an error. */
  readonly deadlineMs: number;
  /** Makes the error that callers get. The message names the call and its path, and is for the log. */
  readonly error: (message: string) => Error;
}

export interface Call<T> {
  /** Such as `open`. */
  readonly name: string;
  readonly path: string;
  readonly act: () => Promise<T>;
  /** Gets the late result of a stuck call whose caller has given up. */
  readonly late?: (value: T) => void;
  /** True for clean-up calls: they run as soon as the path is free, even if the caller has given up. */
  readonly mustRun?: boolean;
  /** True for calls that bring a file that is open nearer to its end: they come before all others. */
  readonly isFirst?: boolean;
  /** A multiple of the deadline, for calls that may legitimately take long. @default 1 */
  readonly patience?: number;
}

/** While calls are stuck, more callers than this are refused instead of waiting. */
const WAITING_MAX = 5000;
/** How often deadlines are checked, at least. */
const LOOK_MS = 1000;

/** A call that waits or runs. */
interface Job {
  readonly name: string;
  readonly path: string;
  readonly mustRun: boolean;
  readonly isFirst: boolean;
  readonly limitMs: number;
  readonly start: () => void;
  readonly reject: (error: Error) => void;
  /** When it began to wait, then when it began to run; monotonic milliseconds. */
  since: number;
  /** Its caller got an error because it hangs. */
  isGivenUp: boolean;
}

/** Calls that wait, by path. */
type Waiting = Map<string, Set<Job>>;

/** The calls on one path. */
interface PathUse {
  running: number;
  stuck: number;
}

/**
 * File system calls that cannot stop the process: a bounded number runs at once, in all and per path, and a caller waits
 * no longer than a deadline. A call into the kernel cannot be cancelled, so a stuck one keeps its place until it returns.
 * Until then calls on its path are refused at once, and all calls if stuck ones hold every place; afterwards everything
 * resumes by itself. A file system that is only slow refuses no calls: waiting for a place is limited only while some
 * call is stuck.
 */
export class BoundedCalls {
  readonly #options: Omit<BoundedCallsOptions, 'deadlineMs'>;
  /** Changes apply to calls that begin afterwards. */
  deadlineMs: number;
  readonly #running = new Set<Job>();
  /** By path, in the order in which paths get their next turn. */
  readonly #waiting: Waiting = new Map();
  /** The same, of calls that come first: files would be opened, and wait open, faster than they are read. */
  readonly #waitingFirst: Waiting = new Map();
  #waitingCount = 0;
  readonly #paths = new Map<string, PathUse>();
  #stuck = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BoundedCallsOptions) {
    this.#options = options;
    this.deadlineMs = options.deadlineMs;
  }

  /** The calls that have exceeded the deadline, such as `open /path`. */
  get stuck(): string[] {
    return [...this.#running].filter((job) => job.isGivenUp).map(({ name, path }) => `${name} ${path}`);
  }

  /** Makes a call in its turn. Rejects with the call's own error, or with `options.error` when it hangs. */
  run<T>({ name, path, act, late, mustRun = false, isFirst = false, patience = 1 }: Call<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const job: Job = {
        ...{ name, path, mustRun, isFirst, reject, since: performance.now(), isGivenUp: false },
        limitMs: this.deadlineMs * patience,
        start: () => {
          act().then(
            (value) => {
              if (this.#ended(job)) late?.(value);
              else resolve(value);
            },
            (error: Error) => {
              this.#ended(job);
              reject(error);
            },
          );
        },
      };
      this.#enter(job);
    });
  }

  #enter(job: Job): void {
    if (this.#mayStart(job)) {
      this.#start(job);
      return;
    }
    const isCrowded = this.#stuck > 0 && this.#waitingCount >= WAITING_MAX;
    const refusal = this.#refusal(job) ?? (isCrowded ? 'too many calls wait' : undefined);
    if (refusal !== undefined) this.#giveUp(job, refusal);
    if (refusal === undefined || job.mustRun) this.#wait(job);
  }

  #wait(job: Job): void {
    const waiting = this.#lineOf(job);
    const queue = waiting.get(job.path);
    if (queue) queue.add(job);
    else waiting.set(job.path, new Set([job]));
    this.#waitingCount++;
  }

  #waitsNoMore(job: Job): void {
    const waiting = this.#lineOf(job);
    const queue = waiting.get(job.path);
    if (!queue?.delete(job)) return;
    this.#waitingCount--;
    if (queue.size === 0) waiting.delete(job.path);
  }

  #lineOf({ isFirst }: Job): Waiting {
    return isFirst ? this.#waitingFirst : this.#waiting;
  }

  #mayStart({ path }: Pick<Job, 'path'>): boolean {
    const { atOnce, perPath } = this.#options;
    if (this.#running.size >= atOnce) return false;
    const use = this.#paths.get(path);
    return use === undefined || (use.running < perPath && use.stuck === 0);
  }

  #start(job: Job): void {
    job.since = performance.now();
    this.#running.add(job);
    const use = this.#paths.get(job.path);
    if (use) use.running++;
    else this.#paths.set(job.path, { running: 1, stuck: 0 });
    // A job whose caller gave up while it waited becomes a call that may hang only now.
    if (job.isGivenUp) this.#countStuck(job, 1);
    this.#watch();
    job.start();
  }

  /** Gives the place to the next; answers whether the caller has given up. */
  #ended(job: Job): boolean {
    this.#running.delete(job);
    const use = this.#paths.get(job.path);
    if (job.isGivenUp) this.#countStuck(job, -1);
    if (use && --use.running === 0) this.#paths.delete(job.path);
    this.#startWaiting();
    return job.isGivenUp;
  }

  /** Passes over few paths, however many calls wait: each path that may not start has calls running. */
  #startWaiting(): void {
    for (const waiting of [this.#waitingFirst, this.#waiting])
      for (const [path, queue] of waiting) {
        if (this.#running.size >= this.#options.atOnce) return;
        const [next] = queue;
        if (next === undefined || !this.#mayStart({ path })) continue;
        this.#waitsNoMore(next);
        // Behind the other paths: this loop comes to it again when they have had their turn.
        if (queue.size > 0) {
          waiting.delete(path);
          waiting.set(path, queue);
        }
        this.#start(next);
      }
  }

  #countStuck({ path }: Job, by: 1 | -1): void {
    this.#stuck += by;
    const use = this.#paths.get(path);
    if (use) use.stuck += by;
  }

  /** Why a job cannot wait for its turn. */
  #refusal({ path }: Job): string | undefined {
    if (this.#paths.get(path)?.stuck) return 'an earlier call there has not returned';
    if (this.#stuck >= this.#options.atOnce) return `${this.#stuck} calls have not returned`;
    return undefined;
  }

  #giveUp(job: Job, reason: string): void {
    job.isGivenUp = true;
    job.reject(this.#options.error(`the file system does not answer: ${job.name} ${job.path}: ${reason}`));
  }

  /** One timer for all calls: a timer for each would cost as much as a call that the page cache answers. */
  #watch(): void {
    this.#timer ??= setInterval(() => this.#look(), Math.min(LOOK_MS, this.deadlineMs / 4)).unref();
  }

  #look(): void {
    const now = performance.now();
    for (const job of this.#running) {
      if (job.isGivenUp || now - job.since < job.limitMs) continue;
      this.#countStuck(job, 1);
      this.#giveUp(job, `no answer in ${job.limitMs / 1000} s`);
    }
    const waiting = [...this.#waitingFirst.values(), ...this.#waiting.values()];
    for (const job of waiting.flatMap((queue) => [...queue])) {
      if (job.isGivenUp) continue;
      const isLate = this.#stuck > 0 && now - job.since > job.limitMs;
      const refusal = this.#refusal(job) ?? (isLate ? `no turn in ${job.limitMs / 1000} s` : undefined);
      if (refusal === undefined) continue;
      if (!job.mustRun) this.#waitsNoMore(job);
      this.#giveUp(job, refusal);
    }
    if (this.#running.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

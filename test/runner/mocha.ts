import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Message } from './reporter.ts';
import type { Tally } from './tally.ts';

/** How long mocha may take to end after its last test. What a test left open must not keep back the result. */
const END_MS = 60_000;
/** How long the running test and the hooks after it may take once the run is interrupted. */
const INTERRUPTED_MS = 10_000;

/**
 * Where Node keeps what it has compiled, for all processes of a run and the next run: a start takes half as much of the
 * processor, and there are thousands.
 */
const COMPILED = 'node_modules/.cache/compiled';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** How one mocha process is run. */
export interface MochaOptions {
  /** The test files, from the root of the project. */
  readonly files: readonly string[];
  /** Further flags of mocha. */
  readonly flags?: readonly string[];
  /** Collects what is printed instead of printing it. @default false */
  readonly isCaptured?: boolean;
  /** The priority of the process, as `nice` has it. @default 0 */
  readonly nice?: number;
  /** Called when the files are loaded, and at the end of each test. */
  readonly onChange?: () => void;
}

/** A mocha process: what it has reported so far, and its end. */
export class MochaRun {
  readonly startedMs = performance.now();
  /** Resolves when the process has ended. Never rejects: a run that ended out of order has a failure more. */
  readonly ended: Promise<void>;
  readonly failures: string[] = [];
  readonly output: Buffer[] = [];
  readonly #process;
  readonly #counts = { passed: 0, failed: 0, skipped: 0 };
  #testsOf: Readonly<Record<string, number>> | undefined;
  #isComplete = false;
  #isInterrupted = false;
  #endTimer: NodeJS.Timeout | undefined;
  #wasCut = false;

  constructor({ files, flags = [], isCaptured = false, nice = 0, onChange = () => undefined }: MochaOptions) {
    const colour = process.stdout.isTTY ? ['--color'] : [];
    const reporter = ['--reporter', fromRoot('test/runner/reporter.ts')];
    const output = isCaptured ? 'pipe' : 'inherit';
    this.#process = spawn(
      process.execPath,
      [
        fromRoot('node_modules/mocha/bin/mocha.js'),
        ...settings(),
        ...reporter,
        ...colour,
        ...flags,
        ...files,
      ],
      // In a process group of its own: a Ctrl-C reaches only us, and we interrupt each run once.
      {
        cwd: fromRoot('.'),
        env: { NODE_COMPILE_CACHE: fromRoot(COMPILED), ...process.env },
        detached: true,
        stdio: ['ignore', output, output, 'ipc'],
      },
    );
    if (this.#process.pid !== undefined && nice !== 0) setPriority(this.#process.pid, nice);
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (chunk: Buffer) => this.output.push(chunk));
    this.#process.on('message', (message: Message) => {
      this.#take(message);
      onChange();
    });
    this.ended = this.#end();
  }

  /** The tests that ended so far. */
  get tally(): Tally {
    return this.#counts;
  }

  /** How many tests each file declares; undefined until they are loaded. */
  get testsOf(): Readonly<Record<string, number>> | undefined {
    return this.#testsOf;
  }

  /** Whether every test had its turn. */
  get isComplete(): boolean {
    return this.#isComplete && !this.#isInterrupted;
  }

  /** Lets the running test end and its hooks clean up, and kills what still runs after that. */
  interrupt(): void {
    if (this.#isInterrupted) return;
    // What was complete stays so.
    this.#isInterrupted = !this.#isComplete;
    this.#process.kill('SIGINT');
    setTimeout(() => this.kill(), INTERRUPTED_MS).unref();
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #take(message: Message): void {
    if (message.kind === 'loaded') this.#testsOf = message.testsOf;
    else if (message.kind === 'ended') this.#close();
    else {
      this.#counts[message.kind] += 1;
      if (message.kind === 'failed') this.failures.push(message.failure);
    }
  }

  #close(): void {
    this.#isComplete = true;
    this.#endTimer = setTimeout(() => {
      console.log(`a test left something open: mocha did not end within ${END_MS / 1000} s`);
      this.#wasCut = true;
      this.kill();
    }, END_MS).unref();
  }

  /** A run that ends before its last test (a test file that does not load) has failed, even if no test has. */
  async #end(): Promise<void> {
    const [code] = (await once(this.#process, 'close')) as [number | null];
    clearTimeout(this.#endTimer);
    const isExplained = code === 0 || this.#wasCut || this.#counts.failed > 0;
    if (this.#isInterrupted || (this.#isComplete && isExplained)) return;
    this.#counts.failed += 1;
    const when = this.#isComplete ? 'though no test had failed' : 'before its last test';
    this.failures.push(`mocha ended with ${code ?? 'a signal'}, ${when}`);
  }
}

/** Mocha adds the files of package.json to those on its command line, so its settings are passed without them. */
function settings(): string[] {
  const { mocha } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')) as {
    mocha: Record<string, unknown>;
  };
  const flags = Object.entries(mocha).flatMap(([name, value]) => {
    if (name === 'spec') return [];
    if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
    return [`--${name}`, String(value)];
  });
  return ['--no-package', ...flags];
}

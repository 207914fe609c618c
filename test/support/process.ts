import { createWriteStream } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, type Exit, signalGroup, spawnChild, Tail } from './child.ts';

const KILL_AFTER_MS = 3000;
const POLL_MS = 25;
/** For a busy machine: a program that cannot start mostly ends by itself, long before. */
const READY_MS = 60_000;

export interface RunOptions {
  /** Added to the cleaned environment of `childEnvironment`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Return a non-zero exit instead of throwing. A timeout always throws. */
  readonly allowFailure?: boolean;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** -1 if a signal ended the program. */
  readonly code: number;
  readonly durationMs: number;
}

/** Runs a program to its end. A failure throws an Error that shows the command and the end of its stderr. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const startedAt = performance.now();
  const { timeoutMs = 60_000 } = options;
  const child = spawnChild(command, args, options);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.process.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.process.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));

  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (child.process.pid !== undefined) signalGroup(child.process.pid, 'SIGKILL');
  }, timeoutMs);
  const { code, reason } = await child.exit;
  clearTimeout(timer);

  const result: RunResult = {
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
    code: code ?? -1,
    durationMs: performance.now() - startedAt,
  };
  if (timedOut || (result.code !== 0 && !options.allowFailure)) {
    const why = timedOut ? `no end after ${timeoutMs} ms` : reason;
    const tail = new Tail();
    tail.append(result.stderr || result.stdout);
    throw new Error(`${[command, ...args].join(' ')}: ${why}\n${tail.last(20)}`);
  }
  return result;
}

export interface DaemonOptions extends Pick<RunOptions, 'env' | 'cwd'> {
  /** Asked again and again until it says true; gets the output so far. A throw counts as "not yet". */
  readonly ready: (output: string) => boolean | Promise<boolean>;
  /** How long it may take to become ready. */
  readonly timeoutMs?: number;
  /** Also append the output to this file. */
  readonly logFile?: string;
}

/** A running program. Disposing asks it to end, kills it if it does not, and returns when it has gone. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number;
  readonly exit: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** The last lines of what it has written to stdout and stderr. */
  output(lines?: number): string;
}

/** Lets this process end while the daemon runs: a test that forgot to dispose it must not hang the whole run. */
function detach({ process: child }: Child): void {
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
}

/** Starts a program that keeps running, and returns when it is ready; throws, with its output, if it never is. */
export async function startDaemon(
  command: string,
  args: readonly string[],
  options: DaemonOptions,
): Promise<Daemon> {
  const { ready, timeoutMs = READY_MS, logFile } = options;
  const child = spawnChild(command, args, options);
  const tail = new Tail();
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' });
  for (const stream of [child.process.stdout, child.process.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      tail.append(chunk);
      log?.write(chunk);
    });
  }
  let ended: Exit | undefined;
  child.exit.then((exit) => {
    ended = exit;
    log?.end();
  });

  const pid = child.process.pid ?? 0;
  const daemon: Daemon = {
    pid,
    exit: child.exit,
    kill: (signal) => void child.process.kill(signal),
    output: (lines = 40) => tail.last(lines),
    async [Symbol.asyncDispose]() {
      if (ended !== undefined) return;
      child.process.ref();
      child.process.kill('SIGTERM');
      await Promise.race([child.exit, sleep(KILL_AFTER_MS, undefined, { ref: false })]);
      if (ended === undefined) signalGroup(pid, 'SIGKILL');
      await child.exit;
    },
  };

  const deadline = performance.now() + timeoutMs;
  const asksReady = async () => ready(tail.last(Number.POSITIVE_INFINITY));
  for (;;) {
    const isReady = await Promise.race([
      asksReady().catch(() => false),
      child.exit.then(() => false),
      sleep(Math.max(0, deadline - performance.now()), false, { ref: false }),
    ]);
    if (isReady) {
      detach(child);
      return daemon;
    }
    if (ended !== undefined || performance.now() >= deadline) break;
    await sleep(POLL_MS);
  }
  const why = ended === undefined ? `not ready after ${timeoutMs} ms` : ended.reason;
  await daemon[Symbol.asyncDispose]();
  throw new Error(`${[command, ...args].join(' ')}: ${why}\n${daemon.output()}`);
}

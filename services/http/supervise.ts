import { setTimeout as sleep } from 'node:timers/promises';
import type { LogOfProcess } from './logger.ts';

/** A process that runs until a signal stops it. */
export interface Running extends AsyncDisposable {
  /** Stops taking new work, and finishes what is under way within `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** What has not ended yet, for the log. */
  readonly unfinished: () => readonly string[];
}

export interface StopTimes {
  /** How long the process stays open for load balancers to notice that it is not ready. */
  readonly noticeMs: number;
  /** How long all the rest may take (`http.draintimeout`). */
  readonly drainMs: number;
}

/** A fifth of the drain time, and at most this, is reserved for closing after the last answer. */
const CLOSING_MAX_MS = 2000;
/** Time for closing when `http.draintimeout` is 0. */
const CLOSING_MIN_MS = 1000;

/** One Ctrl-C is two signals if a launcher such as npm passes on what the terminal has sent to every process. */
const SAME_KEY_MS = 500;

/**
 * Waits for SIGTERM or SIGINT, then drains and disposes what runs. A second signal ends the process at once. When the time
 * is over, the process ends no matter what hangs. `times` is asked when the signal comes.
 */
export async function runUntilSignal(
  running: Running,
  times: () => StopTimes,
  log: LogOfProcess,
): Promise<void> {
  const { logger } = log;
  let first: { readonly name: string; readonly at: number } | undefined;
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const)
      process.on(name, () => {
        const at = performance.now();
        const isSameKey = name === 'SIGINT' && first?.name === name && at - first.at < SAME_KEY_MS;
        if (first !== undefined && !isSameKey) void endProcess(1, 0);
        first ??= { name, at };
        resolve(name);
      });
  });
  const { noticeMs, drainMs } = times();
  const endByForce = async () => {
    log.writeAtOnce();
    logger.error({ unfinished: running.unfinished() }, 'ended by force: these parts did not end in time');
    return endProcess(1, 0);
  };
  // Unreferenced: a process with nothing left to do ends before this.
  setTimeout(() => void endByForce(), noticeMs + Math.max(CLOSING_MIN_MS, drainMs)).unref();
  logger.info({ signal }, 'draining');
  await running.drain(drainMs - Math.min(CLOSING_MAX_MS, drainMs / 5));
  await running[Symbol.asyncDispose]();
  if (running.unfinished().length > 0) await endByForce();
  logger.info({}, 'stopped');
}

/** Node's names of requests that hold a thread of libuv's pool. */
const ON_THREADS = /^(FSReq|FileHandleCloseReq|GetAddrInfoReq|GetNameInfoReq)/i;
const POLL_MS = 20;

/**
 * Ends this process now. `process.exit` waits for the threads of libuv's pool, which is for ever when a file system hangs:
 * then the process kills itself (its parent sees SIGKILL; a shell, 137). Calls under way get `patienceMs` to return.
 */
export async function endProcess(code: number, patienceMs = 500): Promise<never> {
  const isBusy = () => process.getActiveResourcesInfo().some((name) => ON_THREADS.test(name));
  for (let waitedMs = 0; isBusy() && waitedMs < patienceMs; waitedMs += POLL_MS) await sleep(POLL_MS);
  if (isBusy()) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

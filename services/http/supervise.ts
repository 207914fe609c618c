import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { reloadNow } from '../registry/runtime/reload.ts';
import type { LogOfProcess } from './logger.ts';

/** A process that runs until told to stop. */
export interface Running extends AsyncDisposable {
  /** Stops taking new work, and finishes what is under way within `timeoutMs` milliseconds. */
  drain(timeoutMs: number): Promise<void>;
  /** What has not ended yet, for the log. */
  readonly unfinished: () => readonly string[];
}

export interface StopTimes {
  /** How long the process stays open so that load balancers see it go. */
  readonly noticeMs: number;
  /** How long the end may take after that, all in all (`http.draintimeout`). */
  readonly drainMs: number;
}

/** Of the drain time, what is kept for closing after the last answer: a fifth, and no more than this. */
const CLOSING_MAX_MS = 2000;
/** So much there is also when `http.draintimeout` is 0. */
const CLOSING_MIN_MS = 1000;

/**
 * Keeps SIGHUP from ending the process: it has followed files read again at once, and the log says what that does not do.
 * A process on a terminal is left alone: there the signal says that the terminal has gone, and the process ends with it.
 */
export function reloadAtHangup(logger: Logger): void {
  if (process.stdout.isTTY || process.stderr.isTTY) return;
  process.on('SIGHUP', () => {
    const followed = reloadNow();
    logger.info(
      { signal: 'SIGHUP', followed },
      'certificates, htpasswd files and keys of tokens are read again; other settings need a restart',
    );
  });
}

/**
 * Waits for SIGTERM or SIGINT, then drains and disposes what runs. A second signal ends the process at once, for the
 * operator who cannot wait. When the time is over, the process ends whatever hangs.
 */
export async function runUntilSignal(running: Running, times: StopTimes, log: LogOfProcess): Promise<void> {
  const { logger } = log;
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => void endProcess(1, 0));
  const { noticeMs, drainMs } = times;
  const endByForce = async () => {
    log.writeAtOnce();
    logger.error({ unfinished: running.unfinished() }, 'ended by force: this does not end by itself');
    return endProcess(1, 0);
  };
  // Not referenced: a process that has nothing left to do ends by itself, before this.
  setTimeout(() => void endByForce(), noticeMs + Math.max(CLOSING_MIN_MS, drainMs)).unref();
  logger.info({ signal }, 'draining');
  await running.drain(drainMs - Math.min(CLOSING_MAX_MS, drainMs / 5));
  await running[Symbol.asyncDispose]();
  if (running.unfinished().length > 0) await endByForce();
  logger.info({}, 'stopped');
}

/** What Node calls requests that hold a thread of libuv's pool. */
const ON_THREADS = /^(FSReq|FileHandleCloseReq|GetAddrInfoReq|GetNameInfoReq)/i;
const LOOK_MS = 20;

/**
 * Ends this process now. `process.exit` waits for the threads of libuv's pool, so for ever when a file system hangs: then
 * the process kills itself (its parent sees SIGKILL; a shell, 137). Calls that only take a moment get `patienceMs`.
 */
export async function endProcess(code: number, patienceMs = 500): Promise<never> {
  const isBusy = () => process.getActiveResourcesInfo().some((name) => ON_THREADS.test(name));
  for (let waitedMs = 0; isBusy() && waitedMs < patienceMs; waitedMs += LOOK_MS) await sleep(LOOK_MS);
  if (isBusy()) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}

import type { Logger } from 'pino';

/** A process that runs until told to stop. */
export interface Running extends AsyncDisposable {
  /** Stops taking new work, finishes what is under way, up to the configured drain time. */
  drain(): Promise<void>;
}

/**
 * Waits for SIGTERM or SIGINT, then drains and disposes what runs. A second signal ends the process at once, for the
 * operator who cannot wait.
 */
export async function runUntilSignal(running: Running, logger: Logger): Promise<void> {
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => process.exit(1));
  logger.info({ signal }, 'draining');
  await running.drain();
  await running[Symbol.asyncDispose]();
  logger.info({}, 'stopped');
}

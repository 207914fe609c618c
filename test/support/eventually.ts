import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/**
 * Waits until something is so, and returns how many milliseconds that took. Fails when it took longer than
 * `timeoutMs`, naming what was expected, or with what is there instead if `what` is a function.
 */
export async function eventually(
  what: string | (() => unknown),
  isSo: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
  pollMs = POLL_MS,
): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const isSoNow = await isSo();
    const tookMs = performance.now() - startedMs;
    if (tookMs > timeoutMs)
      throw new Error(
        `not within ${timeoutMs} ms: ${typeof what === 'string' ? what : JSON.stringify(what())}`,
      );
    if (isSoNow) return tookMs;
    await sleep(pollMs);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;

/** Waits until something is so, and answers with how many milliseconds that took; throws when it is too late. */
export async function timeUntil(
  isSo: () => boolean | Promise<boolean>,
  { withinMs }: { withinMs: number },
): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const isSoNow = await isSo();
    const tookMs = performance.now() - startedAt;
    if (tookMs > withinMs) throw new Error(`took more than ${withinMs} ms`);
    if (isSoNow) return tookMs;
    await sleep(POLL_MS);
  }
}

/** Shows a time in the report, behind the title of the test that measured it. */
export function showTime(test: Mocha.Runnable | undefined, tookMs: number): void {
  if (test) test.title += `: ${(tookMs / 1000).toFixed(1)} s`;
}

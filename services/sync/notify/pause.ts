/** A receiver that has been down for a day is tried once a minute. */
const PAUSE_MAX_MS = 60_000;
/** Pause between attempts before the threshold, where Distribution retries at once. */
const QUICK_MS = 100;

/** When to pause, and for how long. */
export interface PauseSettings {
  /** Failures in a row before pauses begin. */
  readonly threshold: number;
  /** The first pause, in milliseconds. */
  readonly backoff: number;
}

/**
 * How long to wait after a number of consecutive failures (1 or more), in milliseconds: hardly at all up to the threshold,
 * then the configured pause, doubled with each failure up to a minute. The second half of a pause is random, so that
 * workers do not retry in step. A receiver's Retry-After is honoured, up to a minute.
 */
export function pauseMs(
  { threshold, backoff }: PauseSettings,
  failures: number,
  retryAfterMs: number,
  random: number = Math.random(),
): number {
  const most = Math.max(PAUSE_MAX_MS, backoff);
  const doublings = failures - Math.max(1, threshold);
  const wanted =
    doublings < 0 ? Math.min(QUICK_MS, backoff) : Math.min(most, backoff * 2 ** Math.min(doublings, 30));
  return Math.max(wanted * (0.5 + random / 2), Math.min(retryAfterMs, most));
}

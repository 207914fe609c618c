import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

/** Between two looks of a check, and of those who wait for a claim: nobody else is at work here. */
const SHORT_MS = 100;
const DAY_MS = 24 * 3_600_000;

/**
 * Makes short sleeps of the code under test no sleeps at all, so that a thousand deaths take seconds; disposing ends it.
 * Long ones stay, for loops that look again and again would spin.
 */
export function hurry(): Disposable {
  const { setTimeout: sleep } = timers;
  timers.setTimeout = ((ms = 1, value, options) =>
    // Whoever sleeps for a day is a worker of a process that is no more: it must not keep this one.
    sleep(
      ms <= SHORT_MS ? 0 : ms,
      value,
      ms >= DAY_MS ? { ...options, ref: false } : options,
    )) as typeof sleep;
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]() {
      timers.setTimeout = sleep;
      syncBuiltinESMExports();
    },
  };
}

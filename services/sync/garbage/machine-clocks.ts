import { monotonicClockName } from '../../http/owner.ts';
import { bridgeMaxMsOf, type Clocks, GarbageClock } from '../../registry/garbage/online/garbage-clock.ts';
import type { Log } from '../../registry/runtime/log.ts';

/** The clocks of this machine. */
export const MACHINE_CLOCKS: Clocks = {
  wall: () => Date.now(),
  monotonic: () => Number(process.hrtime.bigint() / 1_000_000n),
  boot: monotonicClockName(),
};

/** The clock of a worker to which these times matter; logs steps of the wall clock. */
export function clockOf(clocks: Clocks, timesMs: readonly (number | undefined)[], logger: Log): GarbageClock {
  return new GarbageClock(clocks, bridgeMaxMsOf(timesMs.map((ms = 0) => ms)), (byMs) => {
    logger.warn({ byMs }, 'the wall clock was stepped: grace and quarantine do not count this time');
  });
}

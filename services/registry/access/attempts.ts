/**
 * Expiring counters, shared by all nodes that have a common backend. They count failed logins, and are never used on
 * the pull path. Implementations never throw: while the backend fails, each process counts by itself.
 */
export interface AttemptCounts {
  /** Adds to a counter (or subtracts), and returns the result. The counter expires `windowMs` after its first change. */
  add(key: string, points: number, windowMs: number): Promise<number>;
  /** The counter's value; 0 if it does not exist. */
  read(key: string): Promise<number>;
  /** Lets one caller pass per `durationMs`: returns 0 to that caller, and to others how long to wait, in ms. */
  pass(key: string, durationMs: number): Promise<number>;
  forget(keys: readonly string[]): Promise<void>;
}

/** What is counted. Each kind has its own bounded memory: counts of made-up names displace only others of their kind. */
export const ATTEMPT_KINDS = ['known', 'client', 'pair', 'account', 'network'] as const;
export type AttemptKind = (typeof ATTEMPT_KINDS)[number];
/** A counter's kind, and a keyed hash of what is counted. */
export type AttemptKey = `${AttemptKind}:${string}`;

/**
 * Expiring counters and gates, shared by all nodes that have a common backend. They count failed logins, and are never
 * used on the pull path. Implementations never throw: while the backend fails, each process counts by itself. A counter
 * and a gate may have the same key.
 */
export interface AttemptCounts {
  /**
   * Adds to a counter (or subtracts), and returns the result. The counter expires `windowMs` after it was created.
   * There are no counters of 0 or less: subtracting removes them, and creates none.
   */
  add(key: AttemptKey, points: number, windowMs: number): Promise<number>;
  /** The counter's value; 0 if it does not exist. */
  read(key: AttemptKey): Promise<number>;
  /** Sets a counter to 1, for `windowMs` from now. */
  mark(key: AttemptKey, windowMs: number): Promise<void>;
  /** Lets one caller pass per `durationMs`: returns 0 to that caller, and to others how long to wait, in ms. */
  pass(key: AttemptKey, durationMs: number): Promise<number>;
  /** Removes the counter and the gate of a key. */
  forget(key: AttemptKey): Promise<void>;
}

/**
 * Counts that are forgotten by themselves, shared by all nodes where there is something to share them over. What counts
 * failed logins; never asked on the pull path. Implementations never throw: a count that cannot be had is kept by the
 * process itself meanwhile.
 */
export interface AttemptCounts {
  /** Adds to a count (or takes from it), and answers with what it is then. It is forgotten `windowMs` after its first. */
  add(key: string, points: number, windowMs: number): Promise<number>;
  /** 0 when there is none. */
  read(key: string): Promise<number>;
  /** Lets one pass in `durationMs`: 0 to the one who does, or how long to wait, ms. */
  pass(key: string, durationMs: number): Promise<number>;
  forget(keys: readonly string[]): Promise<void>;
}

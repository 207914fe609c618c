/**
 * Named mutual exclusion across all processes of a registry, for what an object store cannot decide by itself: a
 * conditional create on a backend that has none. Hold a lock for milliseconds, never while reading a client's body. Not
 * re-entrant.
 */
export interface Locks {
  /**
   * Runs `act` while no other process holds this name, and returns its result. The signal aborts when the lock can no
   * longer be vouched for: what `act` does then must not be acknowledged. Throws UNAVAILABLE if the lock is not free in
   * time, and also after `act` if the lock was lost while it ran.
   */
  withLock<T>(name: string, act: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

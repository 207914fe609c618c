/**
 * Turns at something that only one may do at a time, over all processes of a registry. For what an object store cannot
 * decide by itself: a conditional create on a backend that has none. Held for moments, never while a client's bytes come,
 * and never twice by the same turn: who holds a name and asks for it again waits for itself.
 */
export interface Locks {
  /**
   * Runs `act` while nobody else holds this name, and answers with what it answers. Its signal aborts when the lock can no
   * longer be vouched for: what `act` does then must not be acknowledged. Throws UNAVAILABLE when the lock cannot be had
   * in time, and also after `act` when it turns out that the lock was lost meanwhile.
   */
  hold<T>(name: string, act: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

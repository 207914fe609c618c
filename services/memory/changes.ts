import type { Change, Changes } from '../registry/storage/changes.ts';

/** Publishes changes within one process: enough for one node, and for `serve`. */
export class MemoryChanges implements Changes {
  readonly settleMs = 0;
  readonly #listeners = new Set<(change: Change) => void>();

  publish(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

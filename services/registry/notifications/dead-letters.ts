import type { Log } from '../runtime/log.ts';
import { Shared } from '../runtime/shared.ts';
import { deleteAll } from '../storage/delete-all.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { Backlog, itemsUnder } from './backlog.ts';
import type { CountEvents, EndpointConfig } from './endpoint.ts';
import { encodeItem } from './item.ts';
import { deadPrefix, type Item, itemKey, type StoredItem } from './keys.ts';

/** Pruning deletes this share more than necessary, so that not every letter lists the store again. */
const PRUNE_SHARE = 0.1;

/** What an endpoint's queue and its dead letters need. */
export interface OutboxParts {
  readonly objects: ObjectStore;
  readonly endpoint: EndpointConfig;
  readonly count: CountEvents;
  readonly logger: Log;
}

/** An endpoint's dead letters: at most as many as may wait in its queue; the oldest make room for new ones. */
export class DeadLetters {
  readonly #parts: OutboxParts;
  readonly #backlog: Backlog;
  readonly #pruning = new Shared(() => this.#prune());

  constructor(parts: OutboxParts) {
    const { objects, endpoint } = parts;
    this.#parts = parts;
    this.#backlog = new Backlog(objects, deadPrefix(endpoint.name), endpoint.queuelimit);
  }

  /** Keeps events that were given up; durable when it returns. The same item again replaces itself. */
  async bury(item: Item, events: readonly string[], reason: string): Promise<void> {
    const { objects, endpoint, count } = this.#parts;
    const death = { reason, at: new Date().toISOString() };
    await objects.put(itemKey(deadPrefix(endpoint.name), item), encodeItem({ events, death }));
    count(endpoint.name, 'dead', events.length);
    this.#backlog.added(events.length);
    // The letter is kept, so a failing list is no failure here.
    if (await this.#backlog.hasRoom(0).catch(() => true)) return;
    // In the background: the caller may be a push, which need not wait for old letters to be deleted.
    void this.#pruning.run();
  }

  /** Waits for what runs in the background. */
  async settle(): Promise<void> {
    await this.#pruning.running;
  }

  async #prune(): Promise<void> {
    const { objects, endpoint, logger } = this.#parts;
    const { limit } = this.#backlog;
    try {
      const items = await Array.fromAsync(itemsUnder(objects, deadPrefix(endpoint.name)));
      const events = items.reduce((sum, item) => sum + item.events, 0);
      if (events > limit) await this.#deleteOldest(items, events - Math.floor(limit * (1 - PRUNE_SHARE)));
      await this.#backlog.count();
    } catch (error) {
      logger.warn({ err: error, endpoint: endpoint.name }, 'cannot prune dead letters');
    }
  }

  async #deleteOldest(items: readonly StoredItem[], tooMany: number): Promise<void> {
    const { objects, endpoint, count, logger } = this.#parts;
    const toDelete: string[] = [];
    let events = 0;
    for (const item of items) {
      if (events >= tooMany) break;
      toDelete.push(item.key);
      events += item.events;
    }
    await deleteAll(objects, toDelete);
    count(endpoint.name, 'dropped', events);
    logger.error(
      { endpoint: endpoint.name, events, limit: this.#backlog.limit },
      'too many dead letters: the oldest events were dropped',
    );
  }
}

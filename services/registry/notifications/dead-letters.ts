import type { Log } from '../runtime/log.ts';
import { Shared } from '../runtime/shared.ts';
import { deleteAll } from '../storage/delete-all.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { allItemsUnder, Backlog } from './backlog.ts';
import type { CountEvents, EndpointConfig } from './endpoint.ts';
import { encodeItem } from './item.ts';
import { deadPrefix, type Item, itemKey, type StoredItem } from './keys.ts';

/** Beyond the limit so much more goes, so that not every letter has the store listed again. */
const PRUNE_SHARE = 0.1;

/** An endpoint's dead letters: at most as many as may wait in its queue; the oldest make room for new ones. */
export class DeadLetters {
  readonly #objects: ObjectStore;
  readonly #endpoint: string;
  readonly #backlog: Backlog;
  readonly #count: CountEvents;
  readonly #logger: Log;
  readonly #pruning = new Shared(() => this.#prune());

  constructor(
    objects: ObjectStore,
    { name, queuelimit }: Pick<EndpointConfig, 'name' | 'queuelimit'>,
    count: CountEvents,
    logger: Log,
  ) {
    this.#objects = objects;
    this.#endpoint = name;
    this.#backlog = new Backlog(objects, deadPrefix(name), queuelimit);
    this.#count = count;
    this.#logger = logger;
  }

  /** Keeps events that were given up; durable when it returns. The same item again replaces itself. */
  async bury(item: Item, events: readonly string[], reason: string): Promise<void> {
    const death = { reason, at: new Date().toISOString() };
    await this.#objects.put(itemKey(deadPrefix(this.#endpoint), item), encodeItem({ events, death }));
    this.#count(this.#endpoint, 'dead', events.length);
    this.#backlog.added(events.length);
    // It is kept: that a list fails is no reason to tell the caller that it is not.
    if (await this.#backlog.hasRoom(0).catch(() => true)) return;
    // In the background: the caller may be a push, which need not wait for old letters to go.
    void this.#pruning.run();
  }

  /** Waits for what goes on in the background. */
  async settle(): Promise<void> {
    await this.#pruning.running;
  }

  async #prune(): Promise<void> {
    const { limit } = this.#backlog;
    try {
      const items = await allItemsUnder(this.#objects, deadPrefix(this.#endpoint));
      const events = items.reduce((sum, item) => sum + item.events, 0);
      if (events > limit) await this.#deleteOldest(items, events - Math.floor(limit * (1 - PRUNE_SHARE)));
      await this.#backlog.count();
    } catch (error) {
      this.#logger.warn({ err: error, endpoint: this.#endpoint }, 'cannot prune dead letters');
    }
  }

  async #deleteOldest(items: readonly StoredItem[], tooMany: number): Promise<void> {
    const doomed: string[] = [];
    let events = 0;
    for (const item of items) {
      if (events >= tooMany) break;
      doomed.push(item.key);
      events += item.events;
    }
    await deleteAll(this.#objects, doomed);
    this.#count(this.#endpoint, 'dropped', events);
    this.#logger.error(
      { endpoint: this.#endpoint, events, limit: this.#backlog.limit },
      'too many dead letters: the oldest events were dropped',
    );
  }
}

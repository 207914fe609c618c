import type { Log } from '../runtime/log.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { Backlog } from './backlog.ts';
import { DeadLetters } from './dead-letters.ts';
import type { CountEvents, EndpointConfig } from './endpoint.ts';
import { encodeItem, ITEM_MAX, inParts } from './item.ts';
import { type Item, type ItemKind, itemKey, nextTick, queuePrefix } from './keys.ts';

/** Pulls leave this part of the queue to changes. */
const CHANGES_SHARE = 0.1;

/** What an endpoint's outbox needs. */
export interface OutboxParts {
  readonly objects: ObjectStore;
  readonly endpoint: EndpointConfig;
  readonly count: CountEvents;
  readonly logger: Log;
}

/**
 * An endpoint's events on their way from whoever makes them to whoever delivers them: objects in the store, oldest
 * first by name. Bounded by the endpoint's `queuelimit`: when its receiver is away for too long, events of pulls are
 * dropped, and those of changes become dead letters, from where an operator can have them sent again.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #backlog: Backlog;
  readonly #dead: DeadLetters;
  #isFull = false;

  constructor(parts: OutboxParts) {
    const { objects, endpoint, count, logger } = parts;
    this.#parts = parts;
    this.#backlog = new Backlog(objects, queuePrefix(endpoint.name), endpoint.queuelimit);
    this.#dead = new DeadLetters(objects, endpoint, count, logger);
  }

  /** Keeps events, each as JSON. Durable when it returns, if they are of changes. */
  async write(kind: ItemKind, events: readonly string[]): Promise<void> {
    for (const part of inParts(events, ITEM_MAX)) await this.#writePart(kind, part);
  }

  /** Waits for what goes on in the background. */
  async settle(): Promise<void> {
    await this.#dead.settle();
  }

  async #writePart(kind: ItemKind, events: readonly string[]): Promise<void> {
    const { objects, endpoint, count } = this.#parts;
    const item: Item = { tick: nextTick(), id: crypto.randomUUID(), kind, events: events.length };
    const { queuelimit } = endpoint;
    const limit = kind === 'change' ? queuelimit : Math.floor(queuelimit * (1 - CHANGES_SHARE));
    const hasRoom = await this.#backlog.hasRoom(events.length, limit);
    if (kind === 'change') this.#tellFull(!hasRoom);
    if (!hasRoom) {
      if (kind === 'pull') count(endpoint.name, 'dropped', events.length);
      else await this.#dead.bury(item, events, `the queue of ${queuelimit} events was full`);
      return;
    }
    // Taken before it is written, so that others who ask meanwhile do not take the same room.
    this.#backlog.added(events.length);
    try {
      await objects.put(itemKey(queuePrefix(endpoint.name), item), encodeItem({ events }), {
        durable: kind === 'change',
      });
    } catch (error) {
      this.#backlog.added(-events.length);
      throw error;
    }
    count(endpoint.name, 'queued', events.length);
  }

  #tellFull(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    const { endpoint, logger } = this.#parts;
    const fields = { endpoint: endpoint.name, limit: endpoint.queuelimit };
    if (isFull) logger.error(fields, "an endpoint's queue is full: events of changes become dead letters");
    else logger.info(fields, "an endpoint's queue has room again");
  }
}

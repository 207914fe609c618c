import { Backlog } from './backlog.ts';
import { DeadLetters, type OutboxParts } from './dead-letters.ts';
import { encodeItem, ITEM_MAX, inParts } from './item.ts';
import { type Item, type ItemKind, itemKey, nextTick, queuePrefix } from './keys.ts';

/** Pulls leave this part of the queue to changes. */
const CHANGES_SHARE = 0.1;

/**
 * An endpoint's events on their way from the node that writes them to the worker that delivers them: objects in the
 * store, oldest first by name. Bounded by the endpoint's `queuelimit`: when its receiver is away for too long, events of
 * pulls are dropped, and those of changes become dead letters, which an operator can have sent again.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #backlog: Backlog;
  readonly #dead: DeadLetters;
  #isFull = false;

  constructor(parts: OutboxParts) {
    const { objects, endpoint } = parts;
    this.#parts = parts;
    this.#backlog = new Backlog(objects, queuePrefix(endpoint.name), endpoint.queuelimit);
    this.#dead = new DeadLetters(parts);
  }

  /** Keeps events, each as JSON. Durable when it returns, if they are of changes. */
  async write(kind: ItemKind, events: readonly string[]): Promise<void> {
    for (const part of inParts(events, ITEM_MAX)) await this.#writePart(kind, part);
  }

  /** Waits for what runs in the background. */
  async settle(): Promise<void> {
    await this.#dead.settle();
  }

  async #writePart(kind: ItemKind, events: readonly string[]): Promise<void> {
    const { objects, endpoint, count } = this.#parts;
    const item: Item = { tick: nextTick(), id: crypto.randomUUID(), kind, events: events.length };
    const { queuelimit } = endpoint;
    const limit = kind === 'change' ? queuelimit : Math.floor(queuelimit * (1 - CHANGES_SHARE));
    const hasRoom = await this.#backlog.hasRoom(events.length, limit);
    if (kind === 'change') this.#logFull(!hasRoom);
    if (!hasRoom) {
      if (kind === 'pull') count(endpoint.name, 'dropped', events.length);
      else await this.#dead.bury(item, events, `the queue of ${queuelimit} events was full`);
      return;
    }
    // Counted before it is written, so that concurrent writes do not take the same room.
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

  #logFull(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    const { endpoint, logger } = this.#parts;
    const fields = { endpoint: endpoint.name, limit: endpoint.queuelimit };
    if (isFull) logger.error(fields, "an endpoint's queue is full: events of changes become dead letters");
    else logger.info(fields, "an endpoint's queue has room again");
  }
}

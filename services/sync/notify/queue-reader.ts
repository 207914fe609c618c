import pMap from 'p-map';
import { itemsUnder } from '../../registry/notifications/backlog.ts';
import type { EndpointConfig } from '../../registry/notifications/endpoint.ts';
import { ITEM_MAX, readItem } from '../../registry/notifications/item.ts';
import { queuePrefix, type StoredItem } from '../../registry/notifications/keys.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { isMalformed } from '../../registry/storage/json.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';

/** One event in the queue. */
export interface PendingEvent {
  readonly json: string;
  readonly item: StoredItem;
  /** Which of the item's events it is. */
  readonly index: number;
  /** Settling it settles the whole item. */
  readonly isLast: boolean;
}

/** The largest body of one POST, whatever number of events the endpoint accepts. */
const BATCH_MAX_BYTES = 1024 * 1024;
/** Read ahead, so that a receiver that takes single events does not wait for the store each time. */
const READ_AHEAD_EVENTS = 100;
const ITEMS_MAX = 1000;
const READS_AT_ONCE = 16;
const DELETE_AT_ONCE = 500;

/**
 * Reads an endpoint's queue in order, always from its beginning, so that nothing is skipped, whatever the writers' clocks
 * say. Delivered items are deleted behind the reader; this process never reads them again.
 */
export class QueueReader {
  readonly #objects: ObjectStore;
  readonly #endpoint: string;
  readonly #batchSize: number;
  readonly #logger: Log;
  #items: StoredItem[] = [];
  #events: PendingEvent[] = [];
  /** Delivered, but not deleted yet. */
  readonly #done = new Set<string>();
  #deleting: Promise<void> = Promise.resolve();
  /** Logged once and skipped: perhaps a newer version wrote them, and reads them. */
  readonly #unreadable = new Set<string>();

  constructor(
    objects: ObjectStore,
    { name, batchsize }: Pick<EndpointConfig, 'name' | 'batchsize'>,
    logger: Log,
  ) {
    this.#objects = objects;
    this.#endpoint = name;
    this.#batchSize = batchsize;
    this.#logger = logger;
  }

  /** The next events, as many as fit into one POST; none if the queue is empty. */
  async take(signal: AbortSignal): Promise<PendingEvent[]> {
    while (this.#events.length < this.#batchSize) {
      if (this.#items.length === 0) {
        // Events already read go out first; then a list shows only new ones.
        if (this.#events.length > 0) break;
        await this.#list(signal);
        if (this.#items.length === 0) break;
      }
      await this.#readSome(signal);
    }
    let sizeBytes = 0;
    let length = 0;
    for (const { json } of this.#events) {
      sizeBytes += Buffer.byteLength(json);
      if (length === this.#batchSize || (length > 0 && sizeBytes > BATCH_MAX_BYTES)) break;
      length++;
    }
    return this.#events.splice(0, length);
  }

  /** To be called, in order, for all taken events, once they are accepted or dead letters. */
  settled(events: readonly PendingEvent[]): void {
    for (const { item, isLast } of events) if (isLast) this.#done.add(item.key);
    if (this.#done.size >= DELETE_AT_ONCE) this.#deleting = this.#deleting.then(() => this.#deleteDone());
  }

  /** Deletes what was settled. A failure is logged; the next call deletes the rest. */
  async flush(): Promise<void> {
    this.#deleting = this.#deleting.then(() => this.#deleteDone());
    await this.#deleting;
  }

  async #deleteDone(): Promise<void> {
    const keys = [...this.#done];
    try {
      await this.#objects.delete(keys);
      for (const key of keys) this.#done.delete(key);
    } catch (error) {
      this.#logger.warn({ err: error, endpoint: this.#endpoint }, 'cannot delete delivered events');
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    if (this.#done.size > 0) await this.flush();
    for await (const item of itemsUnder(this.#objects, queuePrefix(this.#endpoint), signal)) {
      if (this.#done.has(item.key) || this.#unreadable.has(item.key)) continue;
      this.#items.push(item);
      if (this.#items.length === ITEMS_MAX) break;
    }
  }

  /** Reads a few items, which bounds memory. */
  async #readSome(signal: AbortSignal): Promise<void> {
    let length = 0;
    let events = 0;
    for (const item of this.#items) {
      if (length > 0 && events + item.events > READ_AHEAD_EVENTS) break;
      length++;
      events += Math.min(item.events, ITEM_MAX.events);
    }
    const read = await pMap(this.#items.slice(0, length), (item) => this.#read(item, signal), {
      concurrency: READS_AT_ONCE,
    });
    this.#items.splice(0, length);
    for (const some of read) this.#events.push(...some);
  }

  async #read(item: StoredItem, signal: AbortSignal): Promise<PendingEvent[]> {
    // Failures of the store are thrown: continuing would deliver out of order.
    const content = await readItem(this.#objects, item.key, signal).catch((error: unknown) => {
      if (!isMalformed(error)) throw error;
      this.#unreadable.add(item.key);
      this.#logger.error({ err: error, endpoint: this.#endpoint, key: item.key }, 'cannot read events');
      return undefined;
    });
    const events = content?.events ?? [];
    // No version writes such an item, but it would be listed again and again.
    if (content && events.length === 0) this.#unreadable.add(item.key);
    return events.map((json, index) => ({ json, item, index, isLast: index === events.length - 1 }));
  }
}

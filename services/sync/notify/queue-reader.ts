import pMap from 'p-map';
import { itemsUnder } from '../../registry/notifications/backlog.ts';
import type { EndpointConfig } from '../../registry/notifications/endpoint.ts';
import { ITEM_MAX, readItem } from '../../registry/notifications/item.ts';
import { queuePrefix, type StoredItem } from '../../registry/notifications/keys.ts';
import type { Log } from '../../registry/runtime/log.ts';
import type { ObjectStore } from '../../registry/storage/object-store.ts';

/** One event that waits. */
export interface PendingEvent {
  readonly json: string;
  readonly item: StoredItem;
  /** Which of the item's events it is. */
  readonly index: number;
  /** With it the whole item is done. */
  readonly isLast: boolean;
}

/** What one POST carries at most, of as many events as the endpoint takes. */
const BATCH_MAX_BYTES = 1024 * 1024;
/** Read at once, so that a receiver that takes events one by one does not wait for the store each time. */
const READ_AHEAD_EVENTS = 100;
const ITEMS_MAX = 1000;
const READS_AT_ONCE = 16;
const DELETE_AT_ONCE = 500;

/**
 * Reads an endpoint's queue in order, always from its beginning: whatever the clocks of those who write say, nothing
 * is passed over. What was delivered is deleted behind the reader, and in this process never read again.
 */
export class QueueReader {
  readonly #objects: ObjectStore;
  readonly #endpoint: string;
  readonly #batchSize: number;
  readonly #logger: Log;
  #items: StoredItem[] = [];
  #events: PendingEvent[] = [];
  /** Delivered, and not deleted yet. */
  readonly #done = new Set<string>();
  #deleting: Promise<void> = Promise.resolve();
  /** Told of once, and passed over: perhaps a newer version wrote them, and reads them. */
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

  /** The next events, as many as one POST takes; none when nothing waits. */
  async take(signal: AbortSignal): Promise<PendingEvent[]> {
    while (this.#events.length < this.#batchSize) {
      if (this.#items.length === 0) {
        // What is here goes out first: then the list shows only what is new.
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

  /** To be called, in order, for all that were taken, when they were accepted or are dead letters. */
  settled(events: readonly PendingEvent[]): void {
    for (const { item, isLast } of events) if (isLast) this.#done.add(item.key);
    if (this.#done.size >= DELETE_AT_ONCE) this.#deleting = this.#deleting.then(() => this.#deleteDone());
  }

  /** Deletes what was settled. A failure is told, and made up for later. */
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

  /** Reads a few items, so that what lies in memory stays bounded. */
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
    // Failures of the store are thrown: to go on would be to deliver out of order.
    const content = await readItem(this.#objects, item.key, signal).catch((error: unknown) => {
      if (!isMalformed(error)) throw error;
      this.#unreadable.add(item.key);
      this.#logger.error({ err: error, endpoint: this.#endpoint, key: item.key }, 'cannot read events');
      return undefined;
    });
    const events = content?.events ?? [];
    // Never written so, but listed again and again.
    if (content && events.length === 0) this.#unreadable.add(item.key);
    return events.map((json, index) => ({ json, item, index, isLast: index === events.length - 1 }));
  }
}

function isMalformed(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError');
}

import pMap from 'p-map';
import { DAMAGED, orDamaged } from '../storage/json.ts';
import { keySegment } from '../storage/key-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { Backlog, itemsUnder, sizeOf } from './backlog.ts';
import { type Delivery, deliveryLeases } from './delivery.ts';
import type { EndpointConfig } from './endpoint.ts';
import { encodeItem, readItem } from './item.ts';
import { deadPrefix, itemKey, outboxesPrefix, queuePrefix, type StoredItem } from './keys.ts';

/** The status of an endpoint, from the store alone. */
export interface EndpointReport {
  readonly endpoint: string;
  /** Events that wait. */
  readonly queued: number;
  /** Since when the oldest waits, RFC 3339 UTC. */
  readonly oldestAt: string | undefined;
  /** Events that were given up and can be sent again. */
  readonly dead: number;
  readonly newestDead: readonly DeadLetter[];
  /** Undefined when no worker ever delivered. */
  readonly delivery: Delivery | undefined;
  /** Whether the record of the delivery cannot be read. */
  readonly isDeliveryDamaged: boolean;
}

/** Events that were given up together. */
export interface DeadLetter {
  readonly at: string;
  readonly reason: string;
  /** Each as JSON; none of a letter that cannot be read. */
  readonly events: readonly string[];
}

/** Counts what waits and what is dead, and reads the newest dead letters. Lists everything: for people, not for loops. */
export async function inspectEndpoint(
  objects: ObjectStore,
  endpoint: string,
  newest = 10,
): Promise<EndpointReport> {
  const [queue, deadItems, delivery] = await Promise.all([
    sizeOf(objects, queuePrefix(endpoint)),
    Array.fromAsync(itemsUnder(objects, deadPrefix(endpoint))),
    orDamaged(deliveryLeases(objects, endpoint).read()),
  ]);
  const newestItems = deadItems.slice(-newest).reverse();
  const letters = await pMap(newestItems, (item) => readLetter(objects, item), {
    concurrency: READS_AT_ONCE,
  });
  return {
    endpoint,
    queued: queue.events,
    oldestAt: queue.oldestAt?.toISOString(),
    dead: deadItems.reduce((sum, item) => sum + item.events, 0),
    newestDead: letters.filter((letter) => letter !== undefined),
    delivery: delivery === DAMAGED ? undefined : delivery?.value,
    isDeliveryDamaged: delivery === DAMAGED,
  };
}

/** Undefined for a letter that was pruned or requeued in the meantime. */
async function readLetter(objects: ObjectStore, { key, tick }: StoredItem): Promise<DeadLetter | undefined> {
  const letter = await orDamaged(readItem(objects, key));
  if (letter === undefined) return undefined;
  if (letter !== DAMAGED) {
    const { death, events } = letter;
    return { at: death?.at ?? '', reason: death?.reason ?? '', events };
  }
  const at = new Date(tick / 1000).toISOString();
  return { at, reason: `${key} cannot be read: delete it, or repair it`, events: [] };
}

/** The result of sending dead letters again. */
export interface Requeued {
  readonly requeued: number;
  /** What found no room in the queue, and is still dead. */
  readonly left: number;
  /** Letters that cannot be read, and are still dead. */
  readonly damaged: number;
}

const READS_AT_ONCE = 16;

/**
 * Puts an endpoint's dead letters back into its queue, oldest first, with their times. When interrupted, it loses nothing
 * and may duplicate one letter.
 */
export async function requeueDead(
  objects: ObjectStore,
  { name, queuelimit }: Pick<EndpointConfig, 'name' | 'queuelimit'>,
): Promise<Requeued> {
  const backlog = new Backlog(objects, queuePrefix(name), queuelimit);
  let requeued = 0;
  let left = 0;
  let damaged = 0;
  for (const item of await Array.fromAsync(itemsUnder(objects, deadPrefix(name)))) {
    if (left > 0 || !(await backlog.hasRoom(item.events))) left += item.events;
    else {
      const events = await orDamaged(requeue(objects, name, item));
      if (events === DAMAGED) damaged++;
      else {
        requeued += events;
        backlog.added(item.events);
      }
    }
  }
  return { requeued, left, damaged };
}

async function requeue(objects: ObjectStore, endpoint: string, item: StoredItem): Promise<number> {
  const letter = await readItem(objects, item.key);
  // Pruned, or requeued by somebody else.
  if (letter === undefined) return 0;
  // Never under a name that the queue had before: a worker that is about to delete the old one would delete this one.
  const again = { ...item, id: crypto.randomUUID() };
  await objects.put(itemKey(queuePrefix(endpoint), again), encodeItem({ events: letter.events }));
  await objects.delete([item.key]);
  return letter.events.length;
}

/** Key segments of endpoints that have an outbox, but are not among these: removed or renamed in the configuration. */
export async function forgottenOutboxes(
  objects: ObjectStore,
  endpoints: readonly string[],
): Promise<string[]> {
  const known = new Set(endpoints.map(keySegment));
  const { prefixes } = await objects.list({ prefix: outboxesPrefix, delimiter: '/', limit: 1000 });
  return prefixes
    .map((prefix) => prefix.slice(outboxesPrefix.length, -1))
    .filter((segment) => !known.has(segment));
}

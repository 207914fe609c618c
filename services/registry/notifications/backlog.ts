import { Shared } from '../runtime/shared.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { parseItemKey, type StoredItem } from './keys.ts';

/** Large pages, as a file system reads a whole directory for each. */
const PAGE_KEYS = 5000;

/** The items under a prefix, oldest first. */
export async function* itemsUnder(
  objects: ObjectStore,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<StoredItem> {
  for await (const { key } of listAll(objects, { prefix, pageSize: PAGE_KEYS }, signal)) {
    const item = parseItemKey(key);
    if (item) yield item;
  }
}

/** How many events are under a prefix, and when the oldest item was written. */
export interface BacklogSize {
  readonly events: number;
  readonly oldestAt: Date | undefined;
}

/** Counts events by their objects' names; stops counting above `atMost`. */
export async function sizeOf(
  objects: ObjectStore,
  prefix: string,
  atMost = Number.POSITIVE_INFINITY,
): Promise<BacklogSize> {
  let events = 0;
  let oldestAt: Date | undefined;
  for await (const item of itemsUnder(objects, prefix)) {
    oldestAt ??= new Date(item.tick / 1000);
    events += item.events;
    if (events > atMost) break;
  }
  return { events, oldestAt };
}

/** Counting that takes longer than a moment may take at most this share of the time. */
const TIME_SHARE = 1 / 20;
const MOMENT_MS = 10;
/** After this time a new count shows what other processes have written and delivered. */
const COUNT_AGAIN_MS = 30_000;
const COUNT_AGAIN_EVENTS = 1000;

/**
 * Estimates how many events are under a prefix without listing it each time: the last count, and what this process has
 * added since. It counts again when it matters: before it says that something is full, when much was added, and every
 * half minute of use. Other processes' events are missing in between, so a limit may be exceeded by what they write in
 * that time.
 */
export class Backlog {
  readonly #objects: ObjectStore;
  readonly #prefix: string;
  readonly limit: number;
  #counted = 0;
  #added = 0;
  #countedAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;
  readonly #counting = new Shared(() => this.#count());

  constructor(objects: ObjectStore, prefix: string, limit: number) {
    this.#objects = objects;
    this.#prefix = prefix;
    this.limit = limit;
  }

  /** To be called with what this process has written. */
  added(events: number): void {
    this.#added += events;
  }

  /** Whether that many more events stay within a limit, {@link limit} unless given; waits for a count only in doubt. */
  async hasRoom(events: number, limit = this.limit): Promise<boolean> {
    const estimate = () => this.#counted + this.#added + events;
    const ageMs = performance.now() - this.#countedAt;
    const mayCount = this.#tookMs < MOMENT_MS || ageMs * TIME_SHARE >= this.#tookMs;
    if (mayCount && (estimate() > limit || ageMs === Number.POSITIVE_INFINITY)) await this.count();
    else if (mayCount && this.#isDue(ageMs)) this.count().catch(() => undefined);
    return estimate() <= limit;
  }

  /** Counts now; concurrent callers share one count. */
  count(): Promise<void> {
    return this.#counting.run();
  }

  #isDue(ageMs: number): boolean {
    const enough = Math.max(COUNT_AGAIN_EVENTS, (this.limit - this.#counted) / 4);
    return this.#added >= enough || ageMs > COUNT_AGAIN_MS;
  }

  async #count(): Promise<void> {
    const startedAt = performance.now();
    const before = this.#added;
    const { events } = await sizeOf(this.#objects, this.#prefix, this.limit);
    this.#counted = events;
    // What was added since may or may not have been counted: rather too many than too few.
    this.#added -= before;
    this.#countedAt = performance.now();
    this.#tookMs = this.#countedAt - startedAt;
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NotificationEvent } from './event.ts';

/** A second's pulls: more are dropped. References count too, since they weigh most. */
const GATHERED_MAX = { weight: 50_000, events: 10_000 } as const;
const FLUSH_MS = 1000;
const FLUSH_MAX_BYTES = 16 * 1024 * 1024;
/** Other requests get their turn after this many. */
const STRINGIFY_AT_ONCE = 100;

/** An event, and its JSON. */
export interface WrittenEvent {
  readonly event: NotificationEvent;
  readonly json: string;
}

/**
 * Gathers events of pulls in memory and writes them once a second, so that no pull waits for the store. A process that is
 * killed loses what it has gathered: one second at most.
 */
export class Pulls {
  readonly #write: (events: readonly WrittenEvent[]) => Promise<void>;
  readonly #dropped: (events: readonly NotificationEvent[]) => void;
  #gathered: NotificationEvent[] = [];
  #weight = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  /** `write` may reject: then what it was given counts as dropped. */
  constructor(
    write: (events: readonly WrittenEvent[]) => Promise<void>,
    dropped: (events: readonly NotificationEvent[]) => void,
  ) {
    this.#write = write;
    this.#dropped = dropped;
  }

  /** Never throws and never waits. */
  add(event: NotificationEvent): void {
    const weight = 1 + (event.target.references?.length ?? 0);
    const isFull =
      this.#gathered.length >= GATHERED_MAX.events || this.#weight + weight > GATHERED_MAX.weight;
    if (isFull) {
      this.#dropped([event]);
      return;
    }
    this.#gathered.push(event);
    this.#weight += weight;
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  /** Writes what was gathered so far. Never rejects. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    // While a flush waits for a slow store no other begins; what comes in that time is bounded by the limits above.
    const flushing = this.#flushing.then(() => this.#flush());
    this.#flushing = flushing;
    await flushing;
  }

  async #flush(): Promise<void> {
    const events = this.#gathered;
    this.#gathered = [];
    this.#weight = 0;
    this.#timer = undefined;
    const written: WrittenEvent[] = [];
    let sizeBytes = 0;
    for (const [index, event] of events.entries()) {
      if (index % STRINGIFY_AT_ONCE === STRINGIFY_AT_ONCE - 1) await nextTurn();
      const json = JSON.stringify(event);
      sizeBytes += json.length;
      if (sizeBytes > FLUSH_MAX_BYTES) {
        this.#dropped(events.slice(index));
        break;
      }
      written.push({ event, json });
    }
    if (written.length === 0) return;
    await this.#write(written).catch(() => this.#dropped(written.map(({ event }) => event)));
  }
}

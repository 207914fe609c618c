import { setTimeout as sleep, setImmediate as tick } from 'node:timers/promises';
import type { TurnClock } from '../../services/registry/content/turns/timing.ts';

/** Whoever waits for as long waits for somebody who is at work, and lets that one go on. */
const LONG_MS = 100;

interface Due {
  readonly at: number;
  readonly act: () => Promise<unknown>;
}

/** The time of a story: it passes only when somebody waits, or when the story says so; what is due by then happens. */
export class StoryTime implements TurnClock {
  #now = 0;
  readonly #due = new Set<Due>();

  readonly now = (): number => this.#now;

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await (ms >= LONG_MS ? sleep(1) : tick());
    await this.pass(ms);
    signal?.throwIfAborted();
  }

  later(ms: number, act: () => Promise<unknown>): () => void {
    const due = { at: this.#now + ms, act };
    this.#due.add(due);
    return () => this.#due.delete(due);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#due.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.act().catch(() => undefined);
      // Far enough for its writes, in a store in memory.
      await tick();
    }
    this.#now = Math.max(this.#now, until);
  }

  #next(until: number): Due | undefined {
    const [first] = [...this.#due].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
    return first;
  }
}

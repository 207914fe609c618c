import { setImmediate as macrotask } from 'node:timers/promises';
import type { TurnClock, TurnTiming } from '../../services/registry/content/turns/timing.ts';
import type { TurnOwner } from '../../services/registry/content/turns/turn-store.ts';
import { Turns } from '../../services/registry/content/turns/turns.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { type Call, intercepted } from '../support/intercepted.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** How a process counts time: from where, and how much faster than others. */
export interface Running {
  readonly fromMs?: number;
  readonly rate?: number;
}

/** Time that passes when a test says so, and nothing else is left to be done. */
export class FakeTime {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.at(ms, resolve));
  }

  /** Calls back after a while; returns how to prevent it. */
  at(ms: number, fire: () => void): () => void {
    const timer = { at: this.#nowMs + ms, fire };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await macrotask();
    while (this.#next(untilMs)) await macrotask();
    this.#nowMs = untilMs;
  }

  /** Lets time pass until a promise is settled; returns its value. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    await macrotask();
    while (!isSettled) {
      if (!this.#next(Number.POSITIVE_INFINITY)) throw new Error('nobody waits for anything any more');
      await macrotask();
    }
    return promise;
  }

  #next(untilMs: number): boolean {
    const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
    if (next === undefined || next.at > untilMs) return false;
    this.#timers.delete(next);
    this.#nowMs = next.at;
    next.fire();
    return true;
  }
}

export interface ProcessOptions extends Running {
  readonly timing?: TurnTiming;
  readonly owner?: TurnOwner;
  /** What happens to its requests. */
  readonly around?: (call: Call<ObjectStore>) => unknown;
}

/** A process that takes turns, with a clock of its own. */
export class Process {
  readonly turns: Turns;
  readonly #time: FakeTime;
  readonly #rate: number;
  readonly #fromMs: number;
  #isDead = false;

  constructor(store: ObjectStore, time: FakeTime, options: ProcessOptions = {}) {
    const { fromMs = 0, rate = 1, around = (call) => call.proceed(), timing, owner } = options;
    this.#time = time;
    this.#rate = rate;
    this.#fromMs = fromMs;
    const objects = intercepted(store, (call) =>
      this.#isDead ? new Promise(() => undefined) : around(call),
    );
    this.turns = new Turns(objects, { clock: this.#clock(), ...(timing && { timing }), owner });
  }

  /** By its own clock. */
  now(): number {
    return this.#fromMs + this.#time.nowMs * this.#rate;
  }

  wait(ms: number): Promise<void> {
    return this.#clock().wait(ms);
  }

  /** Nothing that it does has an effect any more. */
  kill(): void {
    this.#isDead = true;
  }

  #clock(): TurnClock {
    const later = (ms: number, act: () => void) =>
      this.#time.at(ms / this.#rate, () => {
        if (!this.#isDead) act();
      });
    return {
      now: () => this.now(),
      wait: (ms, signal) =>
        new Promise((resolve, reject) => {
          const cancel = later(ms, resolve);
          const abort = () => {
            cancel();
            reject(signal?.reason);
          };
          if (signal?.aborted) abort();
          else signal?.addEventListener('abort', abort, { once: true });
        }),
      later: (ms, act) => later(ms, () => void act().catch(() => undefined)),
    };
  }
}

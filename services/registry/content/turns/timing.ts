import { setTimeout as sleep } from 'node:timers/promises';
import { LATE_MS } from '../../storage/fence.ts';

/** How turns count time, in milliseconds, each process by its own monotonic clock. */
export interface TurnTiming {
  /** How often a holder that is at work for longer shows that it lives. */
  readonly beatMs: number;
  /** How long a holder may write after it last showed that. */
  readonly validMs: number;
  /** A turn that did not change for this long has lost its holder. At least twice `validMs`, for clocks that run differently. */
  readonly silenceMs: number;
  /** A request takes effect within this time of being made, or never. */
  readonly lateMs: number;
  /** A turn is kept for this long after the next one was taken; far longer than `validMs`. */
  readonly keepMs: number;
  /** A turn is not renewed for longer than this: nothing of a change may hang for ever and keep others out. */
  readonly longestMs: number;
  /** After this time of turns in a row, a process lets those of other processes in. */
  readonly inARowMs: number;
  /** How long a change waits for its turn. */
  readonly patienceMs: number;
  readonly lookMs: number;
}

export const TURN_TIMING: TurnTiming = {
  beatMs: 1000,
  validMs: 4000,
  silenceMs: 8000,
  lateMs: LATE_MS,
  keepMs: 60_000,
  longestMs: 5 * 60_000,
  inARowMs: 250,
  patienceMs: 20_000,
  lookMs: 25,
};

/** What turns wait by; tests and models have their own. */
export interface TurnClock {
  /** Milliseconds, monotonic. */
  now(): number;
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Runs a function later, unless the process ends before; returns how to cancel it. */
  later(ms: number, act: () => Promise<void>): () => void;
}

export const TURN_CLOCK: TurnClock = {
  now: () => performance.now(),
  wait: async (ms, signal) => void (await sleep(ms, undefined, signal && { signal })),
  later(ms, act) {
    const timer = setTimeout(() => void act().catch(() => undefined), ms).unref();
    return () => clearTimeout(timer);
  },
};

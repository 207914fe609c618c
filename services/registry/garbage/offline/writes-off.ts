import { setTimeout as sleep } from 'node:timers/promises';
import { type Fence, LATE_MS } from '../../storage/fence.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type ReadOnlyNotice, readNotice, WRITES_END_MS, writeNotice } from '../../storage/read-only.ts';

/** The reason that clients see, and by which a run recognises the notice of another one. */
const REASON = 'garbage collection';

/** How old a look at the switch may be when something is deleted: a process that was paused for longer deletes nothing. */
const CONFIRMED_MS = 30_000;

/** The run that throws the switch. */
export interface Run {
  /** Different for every run. */
  readonly by: string;
  /** Whether the run that wrote this still runs; undefined where that cannot be known from here. */
  readonly isRunning: (by: string) => boolean | undefined;
}

/** Writes cannot be kept off, so nothing more is deleted. */
export class WritesOffError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WritesOffError';
  }
}

/** The switch of writes, thrown for a garbage collection. Disposing lifts it, unless an operator had thrown it. */
export interface WritesOff extends AsyncDisposable {
  /** The notice found before: none, an operator's, which stays, or that of a run that was killed. */
  readonly before: ReadOnlyNotice | undefined;
  /** Throws {@link WritesOffError} when writes may be on again, or another run has begun. */
  confirm(): Promise<void>;
  /** For deletes: throws {@link WritesOffError} when the last confirmation is too old, or an answer is missing. */
  readonly fence: Fence;
}

export interface SwitchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Within this time of being made, a delete of a run takes effect, or never. @default LATE_MS */
  readonly lateMs?: number | undefined;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
}

/**
 * Throws the switch, and returns when no node commits a change any more, and no delete of a run that was killed can take
 * effect any more. Throws {@link WritesOffError} when another garbage collection has thrown it and runs, or may run. Where
 * a delete got no answer, disposing waits until it can no longer take effect, before writes are on again.
 */
export async function switchWritesOff(
  objects: ObjectStore,
  { by, isRunning }: Run,
  { signal, lateMs = LATE_MS, now: clock = () => performance.now() }: SwitchOptions = {},
): Promise<WritesOff> {
  const fence = new SwitchFence(clock);
  const before = await readNotice(objects, signal);
  const isOurs = before === undefined || before.reason === REASON;
  const isTakenOver = before?.reason === REASON;
  if (isTakenOver) refuseIfRunning(before, isRunning(before.by));
  // A run that was killed leaves its last deletes to a remote store behind.
  const isLateOneFeared = isTakenOver && !objects.writesEndWithProcess;
  const off: WritesOff = {
    before,
    fence,
    async confirm() {
      const askedAt = clock();
      const now = await readNotice(objects);
      if (now === undefined) throw new WritesOffError('somebody has allowed writes again');
      if (isOurs && now.by !== by) throw new WritesOffError(`${now.by} has taken over the switch of writes`);
      fence.confirmedAt = askedAt;
    },
    async [Symbol.asyncDispose]() {
      if (fence.hasDoubt) await sleep(lateMs);
      if (!isOurs || (await readNotice(objects))?.by !== by) return;
      await writeNotice(objects, undefined).catch((cause: unknown) => {
        throw new WritesOffError(
          'writes may still be off: "roadstead read-only status" shows it, "roadstead read-only off" allows them',
          { cause },
        );
      });
    },
  };
  if (isOurs) await writeNotice(objects, { since: new Date().toISOString(), by, reason: REASON });
  try {
    // A switch that was thrown a moment ago may not have been noticed, either.
    await sleep(WRITES_END_MS + (isLateOneFeared ? lateMs : 0), undefined, signal && { signal });
    await off.confirm();
    return off;
  } catch (error) {
    await off[Symbol.asyncDispose]();
    throw error;
  }
}

class SwitchFence implements Fence {
  readonly #now: () => number;
  /** When writes were last seen to be off. */
  confirmedAt = Number.NEGATIVE_INFINITY;
  hasDoubt = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  check(): void {
    if (this.#now() - this.confirmedAt > CONFIRMED_MS)
      throw new WritesOffError(
        `it is more than ${CONFIRMED_MS / 1000} s since writes were seen to be off: this process was paused, or the store is slow`,
      );
    if (this.hasDoubt) throw new WritesOffError('an answer of the store is missing: nothing more is deleted');
  }

  doubt(): void {
    this.hasDoubt = true;
  }
}

function refuseIfRunning({ by, since }: ReadOnlyNotice, isRunning: boolean | undefined): void {
  if (isRunning === false) return;
  const rest =
    isRunning === true
      ? 'wait until it has ended'
      : 'if it was killed, wait a minute, run "roadstead read-only off", and then this again';
  throw new WritesOffError(`another garbage collection has run since ${since} (${by}): ${rest}`);
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectStore } from '../../storage/object-store.ts';
import { type ReadOnlyNotice, readNotice, WRITES_END_MS, writeNotice } from '../../storage/read-only.ts';

/** The reason that clients see, and by which a run recognises the notice of another one. */
const REASON = 'garbage collection';

/** The run that throws the switch. */
export interface Run {
  /** Different for every run. */
  readonly by: string;
  /** Whether the run that wrote this still runs; undefined where that cannot be known from here. */
  readonly isRunning: (by: string) => boolean | undefined;
}

/** Writes cannot be kept off, so nothing more is deleted. */
export class WritesOffError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WritesOffError';
  }
}

/** The switch of writes, thrown for a garbage collection. Disposing lifts it, unless an operator had thrown it. */
export interface WritesOff extends AsyncDisposable {
  /** The notice found before: none, an operator's, which stays, or that of a run that was killed. */
  readonly before: ReadOnlyNotice | undefined;
  /** Throws {@link WritesOffError} when writes may be on again, or another run has begun. */
  confirm(): Promise<void>;
}

/**
 * Throws the switch, and returns when every node has noticed. Throws {@link WritesOffError} when another garbage
 * collection has thrown it and runs, or may run.
 */
export async function switchWritesOff(
  objects: ObjectStore,
  { by, isRunning }: Run,
  signal?: AbortSignal,
): Promise<WritesOff> {
  const before = await readNotice(objects, signal);
  const isOurs = before === undefined || before.reason === REASON;
  if (before?.reason === REASON) refuseIfRunning(before, isRunning(before.by));
  const off: WritesOff = {
    before,
    async confirm() {
      const now = await readNotice(objects);
      if (now === undefined) throw new WritesOffError('somebody has allowed writes again');
      if (isOurs && now.by !== by) throw new WritesOffError(`${now.by} has taken over the switch of writes`);
    },
    async [Symbol.asyncDispose]() {
      if (isOurs && (await readNotice(objects))?.by === by) await writeNotice(objects, undefined);
    },
  };
  if (isOurs) await writeNotice(objects, { since: new Date().toISOString(), by, reason: REASON });
  try {
    // A switch that was thrown a moment ago may not have been noticed, either.
    await sleep(WRITES_END_MS, undefined, signal && { signal });
    await off.confirm();
    return off;
  } catch (error) {
    await off[Symbol.asyncDispose]();
    throw error;
  }
}

function refuseIfRunning({ by, since }: ReadOnlyNotice, isRunning: boolean | undefined): void {
  if (isRunning === false) return;
  const rest =
    isRunning === true
      ? 'wait until it has ended'
      : 'if it was killed, run "roadstead read-only off", and then this again';
  throw new WritesOffError(`another garbage collection has run since ${since} (${by}): ${rest}`);
}

import { z } from 'zod';
import { RegistryError } from '../oci/errors.ts';
import type { Log } from '../runtime/log.ts';
import { OperatorError } from '../runtime/operator-error.ts';
import { Poll } from '../runtime/poll.ts';
import { LATE_MS, OneAttempt } from './fence.ts';
import { encodeJson, parseJson } from './json.ts';
import { READ_ONLY_KEY } from './layout.ts';
import type { ObjectStore } from './object-store.ts';

/** Why a store takes no writes, as `roadstead read-only on` recorded it. */
const NoticeSchema = z.object({ since: z.iso.datetime(), by: z.string(), reason: z.string() });
export type ReadOnlyNotice = z.infer<typeof NoticeSchema>;

/** How often a node reads the switch, and so how long it may still take writes after it was thrown. */
export const READ_ONLY_POLL_MS = 1000;
/** How old a look at the switch may be when a change is committed. */
const LOOK_AGE_MAX_MS = 1500;
/**
 * This long after the switch was thrown no push or delete is committed any more: a node has not looked for that long, and
 * a commit that takes 2 s or more looks again before it is acknowledged. A promotion that has begun is carried out.
 */
export const WRITES_END_MS = LOOK_AGE_MAX_MS + 2500;
const NOTICE_MAX_BYTES = 16 * 1024;

/** Whether changes may be committed. */
export interface WriteSwitch {
  /**
   * Throws READ_ONLY or MAINTENANCE unless they may. To be asked right before a change is committed, as its request may
   * have begun long ago; `now` reads the switch from the store, for a commit that took long.
   */
  confirm(now?: boolean): Promise<void>;
}

export const ALWAYS_WRITABLE: WriteSwitch = { confirm: async () => undefined };

/** Reads the switch; undefined when writes are allowed. */
export async function readNotice(
  objects: ObjectStore,
  signal?: AbortSignal,
): Promise<ReadOnlyNotice | undefined> {
  const bytes = await objects.read(READ_ONLY_KEY, NOTICE_MAX_BYTES, signal);
  return bytes && parseJson(NoticeSchema, bytes);
}

/**
 * Turns the switch on; `undefined` turns it off. Every node over this store follows within {@link READ_ONLY_POLL_MS}. One
 * attempt, since a late one would undo what an operator does next; throws if its outcome is unknown.
 */
export async function writeNotice(
  objects: ObjectStore,
  notice: ReadOnlyNotice | undefined,
  fence = new OneAttempt(),
): Promise<void> {
  try {
    if (notice === undefined) await objects.delete([READ_ONLY_KEY], undefined, { fence });
    else await objects.put(READ_ONLY_KEY, encodeJson(notice), { fence });
  } catch (cause) {
    if (!fence.hasDoubt) throw cause;
    throw new OperatorError(
      `the store did not answer, so writes may be switched ${notice ? 'off' : 'on'} within ${LATE_MS / 1000} s, or not: ` +
        'wait that long, then run this again',
      { cause },
    );
  }
}

/**
 * Whether this node takes writes. Its configuration can forbid them for good (`storage.maintenance.readonly`), the switch
 * in the store for a time; the switch is polled, so that no write waits for it.
 */
export class ReadOnly implements WriteSwitch, AsyncDisposable {
  readonly #always: boolean;
  readonly #objects: ObjectStore;
  readonly #poll: Poll;
  #notice: ReadOnlyNotice | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  private constructor(
    objects: ObjectStore,
    always: boolean,
    notice: ReadOnlyNotice | undefined,
    logger: Log,
  ) {
    this.#always = always;
    this.#objects = objects;
    this.#notice = notice;
    // What was read last stays in force on failure: a store that does not answer takes no writes anyway.
    this.#poll = new Poll({
      act: (signal) => this.#look(objects, signal, logger),
      ...{ everyMs: READ_ONLY_POLL_MS, isFirstDone: true },
      ...{ log: logger, failure: 'cannot read whether the registry is read-only; trying again' },
    });
  }

  /** Reads the switch once, then every {@link READ_ONLY_POLL_MS} until disposed. */
  static async start(objects: ObjectStore, always: boolean, logger: Log): Promise<ReadOnly> {
    return new ReadOnly(objects, always, await readNotice(objects), logger);
  }

  /** Whether writes are allowed now. */
  get takesWrites(): boolean {
    return !this.#always && this.#notice === undefined;
  }

  /** Throws READ_ONLY or MAINTENANCE, with the operator's reason, unless writes are allowed. */
  refuseWrites(): void {
    if (this.#always)
      throw new RegistryError(
        'READ_ONLY',
        'this registry is read-only (storage.maintenance.readonly in its configuration)',
      );
    if (this.#notice)
      throw new RegistryError(
        'MAINTENANCE',
        `this registry takes no writes since ${this.#notice.since}: ${this.#notice.reason}. Try again later`,
        { since: this.#notice.since },
      );
  }

  async confirm(now = false): Promise<void> {
    this.refuseWrites();
    if (!now && performance.now() - this.#lookedAt < LOOK_AGE_MAX_MS) return;
    this.#notice = await readNotice(this.#objects);
    this.refuseWrites();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#poll[Symbol.asyncDispose]();
  }

  async #look(objects: ObjectStore, signal: AbortSignal, log: Log): Promise<void> {
    const before = this.#notice;
    const lookedAt = performance.now();
    this.#notice = await readNotice(objects, signal);
    this.#lookedAt = lookedAt;
    if ((before === undefined) !== (this.#notice === undefined))
      log.info({ ...this.#notice }, this.#notice ? 'read-only from now on' : 'writes are allowed again');
  }
}

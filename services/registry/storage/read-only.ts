import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { RegistryError } from '../oci/errors.ts';
import type { Log } from '../runtime/log.ts';
import { READ_ONLY_KEY } from './layout.ts';
import type { ObjectStore } from './object-store.ts';

/** Why a store takes no writes, as `roadstead read-only on` recorded it. */
const NoticeSchema = z.object({ since: z.iso.datetime(), by: z.string(), reason: z.string() });
export type ReadOnlyNotice = z.infer<typeof NoticeSchema>;

/** How often a node polls the switch, and so how long it may continue to write after the switch was turned on. */
export const READ_ONLY_POLL_MS = 1000;
const NOTICE_MAX_BYTES = 16 * 1024;

/** Reads the switch; undefined when writes are allowed. */
export async function readNotice(
  objects: ObjectStore,
  signal?: AbortSignal,
): Promise<ReadOnlyNotice | undefined> {
  const bytes = await objects.read(READ_ONLY_KEY, NOTICE_MAX_BYTES, signal);
  return bytes && NoticeSchema.parse(JSON.parse(bytes.toString('utf8')));
}

/** Turns the switch on; `undefined` turns it off. Every node over this store follows within {@link READ_ONLY_POLL_MS}. */
export async function writeNotice(objects: ObjectStore, notice: ReadOnlyNotice | undefined): Promise<void> {
  if (notice === undefined) return objects.delete([READ_ONLY_KEY]);
  return objects.put(READ_ONLY_KEY, Buffer.from(`${JSON.stringify(notice, undefined, 2)}\n`));
}

/**
 * Whether this node takes writes. Its configuration can forbid them for good (`storage.maintenance.readonly`), the switch
 * in the store for a time; the switch is polled, so that no write waits for it.
 */
export class ReadOnly implements AsyncDisposable {
  readonly #always: boolean;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #notice: ReadOnlyNotice | undefined;

  private constructor(
    objects: ObjectStore,
    always: boolean,
    notice: ReadOnlyNotice | undefined,
    logger: Log,
  ) {
    this.#always = always;
    this.#notice = notice;
    this.#running = this.#follow(objects, logger);
  }

  /** Reads the switch once, then polls it until disposed. */
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(objects: ObjectStore, logger: Log): Promise<void> {
    const { signal } = this.#stop;
    let failing = false;
    while (!signal.aborted) {
      await sleep(READ_ONLY_POLL_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const before = this.#notice;
        this.#notice = await readNotice(objects, signal);
        if ((before === undefined) !== (this.#notice === undefined))
          logger.info(
            { ...this.#notice },
            this.#notice ? 'read-only from now on' : 'writes are allowed again',
          );
        failing = false;
      } catch (error) {
        // Keep the last state; a store that does not answer takes no writes anyway.
        if (!failing && !signal.aborted)
          logger.warn({ err: error }, 'cannot read whether the registry is read-only; trying again');
        failing = true;
      }
    }
  }
}

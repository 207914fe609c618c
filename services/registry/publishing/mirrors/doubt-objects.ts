import { z } from 'zod';
import { isSha256, type Sha256Digest } from '../../oci/digest.ts';
import { isMirrorName } from '../../oci/names.ts';
import type { Log } from '../../runtime/log.ts';
import { Poll } from '../../runtime/poll.ts';
import { encodeJson } from '../../storage/json.ts';
import { mirrorDoubtsKey } from '../../storage/layout.ts';
import type { ObjectStore } from '../../storage/object-store.ts';

/** How often a node writes, if it has something new. */
const WRITE_EVERY_MS = 1000;
/** Doubts of one node that are kept; a reader sees all unless there are more within its pause. */
const KEPT_MAX = 100;

/** Where doubts go that have to reach the sync worker. */
export interface DoubtSink {
  /** A client came back for a blob after it had been sent to this mirror. Never waits, never throws. */
  doubt(mirror: string, digest: Sha256Digest): void;
}

/** The newest doubts of one node; `number` counts a node's doubts from 1. */
export const DoubtsSchema = z.object({
  version: z.literal(1),
  doubts: z
    .array(
      z.object({
        number: z.int().min(1),
        mirror: z.custom<string>((value) => typeof value === 'string' && isMirrorName(value)),
        digest: z.custom<Sha256Digest>((value) => typeof value === 'string' && isSha256(value)),
      }),
    )
    .max(KEPT_MAX),
});
type StoredDoubt = z.infer<typeof DoubtsSchema>['doubts'][number];

export interface DoubtObjectsOptions {
  readonly objects: ObjectStore;
  /** A UUID of this node. */
  readonly node: string;
  readonly logger: Log;
  /** @default 1000 */
  readonly writeEveryMs?: number;
}

/**
 * Passes a node's doubts to the sync worker through the object store, for registries whose processes share nothing else.
 * At most one write a second, none without a new doubt. A hint: what is not written when the process ends is lost.
 */
export class DoubtObjects implements DoubtSink, AsyncDisposable {
  readonly #options: DoubtObjectsOptions;
  readonly #poll: Poll;
  #doubts: StoredDoubt[] = [];
  #number = 0;
  #written = 0;

  constructor(options: DoubtObjectsOptions) {
    this.#options = options;
    this.#poll = new Poll({
      act: (signal) => this.#write(signal),
      everyMs: options.writeEveryMs ?? WRITE_EVERY_MS,
      ...{
        log: options.logger,
        failure: 'cannot store doubts about mirrors for the sync worker; trying again',
      },
    });
  }

  doubt(mirror: string, digest: Sha256Digest): void {
    this.#doubts.push({ number: ++this.#number, mirror, digest });
    if (this.#doubts.length > KEPT_MAX) this.#doubts.shift();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#poll[Symbol.asyncDispose]();
  }

  async #write(signal: AbortSignal): Promise<void> {
    const number = this.#number;
    if (number === this.#written) return;
    const { objects, node } = this.#options;
    const body = encodeJson({ version: 1, doubts: this.#doubts } satisfies z.infer<typeof DoubtsSchema>);
    await objects.put(mirrorDoubtsKey(node), body, { durable: false, signal });
    this.#written = number;
  }
}

import type { Log } from '../runtime/log.ts';
import { messageOf } from '../runtime/message-of.ts';
import { untilAborted } from '../runtime/waiting.ts';
import { StoreFullError, StoreNotWritableError } from './object-store.ts';

const PATIENCE_MS = 2000;

export interface WriteHealthParts {
  readonly probe: (signal: AbortSignal) => Promise<void>;
  /** The least time between probes: they write to the store, and load balancers ask several times a second. */
  readonly everyMs: number;
  /** False while writes are off: then no probe is sent. */
  readonly areWanted: () => boolean;
  readonly logger: Log;
}

/** The reason why writes fail. */
export interface WriteTrouble {
  /** In words that clients may see. */
  readonly reason: string;
  /** With places and keys, for operators. */
  readonly detail: string;
}

/**
 * Whether writes to the store would succeed: probed on demand, at most once in a given time, and never while writes are
 * off.
 */
export class WriteHealth {
  readonly #parts: WriteHealthParts;
  #trouble: WriteTrouble | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;
  #probing: Promise<void> | undefined;

  constructor(parts: WriteHealthParts) {
    this.#parts = parts;
  }

  /** Answers within 2 s, even if the store hangs; undefined if writes succeed or are off. */
  async trouble(): Promise<WriteTrouble | undefined> {
    if (!this.#parts.areWanted()) return undefined;
    if (this.#probing === undefined && performance.now() - this.#probedAt > this.#parts.everyMs)
      this.#probing = this.#probe();
    if (this.#probing !== undefined) await this.#probing;
    return this.#trouble;
  }

  async #probe(): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const probe = this.#parts.probe(patience);
    // While a probe hangs, no other is sent.
    const settled = probe.catch(() => undefined);
    try {
      await untilAborted(probe, patience);
      this.#log(undefined, undefined);
    } catch (error) {
      this.#log(patience.aborted ? LATE : troubleOf(error), error);
    }
    void settled.then(() => {
      this.#probedAt = performance.now();
      this.#probing = undefined;
    });
  }

  #log(trouble: WriteTrouble | undefined, err: unknown): void {
    const { logger } = this.#parts;
    if (trouble && trouble.reason !== this.#trouble?.reason)
      logger.error({ err }, `writes to the store fail: ${trouble.detail}`);
    else if (this.#trouble && !trouble) logger.info({}, 'writes to the store succeed again');
    this.#trouble = trouble;
  }
}

const LATE: WriteTrouble = {
  reason: 'the object store does not answer a write',
  detail: `the object store did not answer a write within ${PATIENCE_MS / 1000} s`,
};

const REASONS = {
  denied: 'the object store does not permit writes',
  'read-only': 'the object store is read-only',
  failed: 'the object store fails at writes',
} as const;

function troubleOf(error: unknown): WriteTrouble {
  const detail = messageOf(error);
  if (error instanceof StoreFullError) return { reason: 'the object store is full', detail };
  if (error instanceof StoreNotWritableError) return { reason: REASONS[error.reason], detail };
  return { reason: REASONS.failed, detail };
}

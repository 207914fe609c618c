import { RegistryError } from '../oci/errors.ts';
import type { Audit } from './audit.ts';
import { AuditChain, type ChainParts } from './chain.ts';
import type { AuditEntry, AuditEvent } from './entry.ts';
import type { Place } from './place.ts';

/** The maximum size of one batch. */
const BATCH_MAX_BYTES = 1024 * 1024;
/** An entry names at most this many tags, so that no record is too large to be read. */
const TAGS_MAX = 10_000;
/** How often a node logs the end of the record, so that a log kept elsewhere shows if it is cut off. */
const LOG_END_MS = 60_000;

export interface RecorderParts extends ChainParts {
  /** Called with the number of entries that were written, or could not be. */
  readonly count?: ((outcome: 'written' | 'failed', entries: number) => void) | undefined;
}

interface Waiting {
  readonly json: string;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Records the changes of one process. Changes that arrive while a record is being written go together into the next one,
 * so that many concurrent changes cost few writes.
 */
export class Recorder implements Audit {
  readonly isOn = true;
  readonly #parts: RecorderParts;
  readonly #chain: AuditChain;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #loggedSeq = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#chain = new AuditChain(parts);
  }

  record(event: AuditEvent): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ json: JSON.stringify(entryOf(event)), done });
    this.#running ??= this.#run();
    return done.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
    const { end } = this.#chain;
    if (end && this.#loggedSeq > 0 && end.seq !== this.#loggedSeq) this.#logEnd(end);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#write(this.#takeBatch());
    this.#running = undefined;
  }

  #takeBatch(): Waiting[] {
    let sizeBytes = 0;
    const tooMany = this.#waiting.findIndex(({ json }, i) => {
      sizeBytes += Buffer.byteLength(json);
      return i > 0 && sizeBytes > BATCH_MAX_BYTES;
    });
    return this.#waiting.splice(0, tooMany < 0 ? this.#waiting.length : tooMany);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      const end = await this.#chain.append(batch.map(({ json }) => json));
      this.#parts.count?.('written', batch.length);
      for (const { done } of batch) done.resolve();
      if (performance.now() - this.#loggedAt >= LOG_END_MS) this.#logEnd(end);
    } catch (error) {
      this.#parts.count?.('failed', batch.length);
      this.#parts.logger.error(
        { err: error, changes: batch.length },
        'audit record: cannot be written; changes are refused until it can',
      );
      for (const { done } of batch) done.reject(unrecorded(error));
    }
  }

  #logEnd({ seq, hash }: Place): void {
    this.#loggedAt = performance.now();
    this.#loggedSeq = seq;
    this.#parts.logger.info({ seq, hash, expect: `${seq}:${hash}` }, 'audit record: current end');
  }
}

function entryOf({ actor, address, requestId, rule, ...change }: AuditEvent): AuditEntry {
  const { action, repository, digest } = change;
  const tags = change.tags?.slice(0, TAGS_MAX) ?? [];
  const leftOut = (change.tags?.length ?? 0) - tags.length;
  const details = { ...change.details, ...(leftOut > 0 && { tagsLeftOut: leftOut }) };
  // JSON leaves out what is undefined.
  return {
    at: new Date().toISOString(),
    actor: { ...actor },
    ...{ address, requestId, action, repository },
    tags: tags.length > 0 ? tags : undefined,
    ...{ digest, rule },
    details: Object.keys(details).length > 0 ? details : undefined,
  };
}

function unrecorded(cause: unknown): RegistryError {
  return new RegistryError(
    'UNRECORDED',
    'the change could not be written into the audit record, so it was not made: try again',
    undefined,
    cause,
  );
}

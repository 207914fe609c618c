import { setTimeout as sleep } from 'node:timers/promises';
import { catchUp } from './catch-up.ts';
import { crawlWhenDue } from './crawl.ts';
import { Shift, type WorkerParts } from './shift.ts';
import { Term, TermLostError } from './term.ts';
import { watchHealth } from './watch.ts';

/** Pause after a failure, doubled up to the limit. */
const RETRY_MS = { first: 500, most: 10_000 } as const;

/**
 * The one worker of a mirror: publishes what the log names, in order, watches the mirror's health, and crawls it.
 * Any number may run, anywhere; the ledger's term says which one works, and the others wait to take over.
 */
export class MirrorWorker implements AsyncDisposable {
  readonly #parts: WorkerParts;
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #running: Promise<void>;
  #shift: Shift | undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.changes.subscribe((change) => {
      if (change.kind === 'published') this.#shift?.publishing.notify();
    });
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#unsubscribe();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { content, mirror, logger } = this.#parts;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#work(await Term.acquire(content.objects, mirror.name, this.#stop.signal));
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        logger.warn({ err: error, mirror: mirror.name }, "the mirror's worker starts over");
        await sleep(RETRY_MS.first, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }

  /** Works until stopped, or until another worker has the mirror; returns when nothing of it runs any more. */
  async #work(term: Term): Promise<void> {
    const over = new AbortController();
    const shift = new Shift(this.#parts, term, AbortSignal.any([this.#stop.signal, over.signal]));
    this.#shift = shift;
    const duties = [watchHealth(shift), retrying(shift, catchUp), retrying(shift, crawlWhenDue)];
    for (const duty of duties) duty.catch(() => over.abort());
    const ends = await Promise.allSettled(duties);
    await term.release();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

/** Does a duty again after it failed, with growing pauses, and tells people why in the ledger. */
async function retrying(shift: Shift, duty: (shift: Shift) => Promise<void>): Promise<void> {
  const { signal, parts } = shift;
  let pauseMs: number = RETRY_MS.first;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await duty(shift);
    } catch (error) {
      if (signal.aborted || error instanceof TermLostError) throw error;
      // What has run for a while was well: its next failure is a new one.
      if (performance.now() - startedAt > RETRY_MS.most) pauseMs = RETRY_MS.first;
      const trouble = error instanceof Error ? error.message : String(error);
      const { name } = parts.mirror;
      parts.logger.warn(
        { err: error, mirror: name },
        `cannot work on the mirror (${duty.name}); trying again`,
      );
      await shift.update(() => ({ trouble }));
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, RETRY_MS.most);
    }
  }
}

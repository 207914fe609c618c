import { setTimeout as sleep } from 'node:timers/promises';
import { firstLedger, type Ledger, mirrorLeases } from '../registry/publishing/mirrors/ledger.ts';
import { messageOf } from '../registry/runtime/message-of.ts';
import { catchUp } from './catch-up.ts';
import { crawlWhenDue } from './crawl.ts';
import { runDuties } from './duties.ts';
import { LEASE_TIMING, Lease, LeaseLostError } from './lease.ts';
import { syncedBytes } from './metrics.ts';
import { MirrorSession, type WorkerParts } from './mirror-session.ts';
import { watchHealth } from './watch.ts';

/** The lease is renewed by each probe, every 2 s ({@link watchHealth}); see docs/decisions/0004-mirror-ledger-terms.md. */
const TIMING = { ...LEASE_TIMING, silenceMs: 10_000 };
/** Pause after a failure, doubled up to the limit. */
const RETRY_MS = { first: 500, most: 10_000 } as const;

/**
 * The one worker of a mirror: publishes what the log names, in order, watches the mirror's health, and crawls it.
 * Any number may run, anywhere; the owner of the mirror's lease works, and the others wait to take over.
 */
export class MirrorWorker implements AsyncDisposable {
  readonly #parts: WorkerParts;
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #running: Promise<void>;
  #session: MirrorSession | undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    // Declared before the first write, so that the first scrape has it.
    syncedBytes(parts.metrics);
    this.#unsubscribe = parts.changes.subscribe((change) => {
      if (change.kind === 'published') this.#session?.publishing.notify();
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
    const { signal } = this.#stop;
    const leases = mirrorLeases(content.objects, mirror.name);
    while (!signal.aborted) {
      try {
        await this.#work(await Lease.acquire(leases, firstLedger, signal, TIMING));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error, mirror: mirror.name }, "the mirror's worker starts over");
        await sleep(RETRY_MS.first, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Works until stopped, or until another worker has the mirror; returns when all duties have ended. */
  async #work(lease: Lease<Ledger>): Promise<void> {
    try {
      await runDuties(this.#stop.signal, (signal) => {
        const session = new MirrorSession(this.#parts, lease, signal);
        this.#session = session;
        return [watchHealth(session), retrying(session, catchUp), retrying(session, crawlWhenDue)];
      });
    } finally {
      await lease.release((ledger) => ledger);
    }
  }
}

/** Repeats a duty after it failed, with growing pauses, and writes into the ledger why it failed. */
async function retrying(
  session: MirrorSession,
  duty: (session: MirrorSession) => Promise<void>,
): Promise<void> {
  const { signal, parts } = session;
  let pauseMs: number = RETRY_MS.first;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await duty(session);
    } catch (error) {
      if (signal.aborted || error instanceof LeaseLostError) throw error;
      // After it ran for a while, its next failure is a new one.
      if (performance.now() - startedAt > RETRY_MS.most) pauseMs = RETRY_MS.first;
      parts.logger.warn(
        { err: error, mirror: parts.mirror.name },
        `cannot work on the mirror (${duty.name}); trying again`,
      );
      await session.update(() => ({ trouble: messageOf(error) }));
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, RETRY_MS.most);
    }
  }
}

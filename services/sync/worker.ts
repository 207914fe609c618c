import { setTimeout as sleep } from 'node:timers/promises';
import type { MirrorConfig } from '../config/schema.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Changes } from '../registry/changes.ts';
import type { Content } from '../registry/content/content.ts';
import type { Log } from '../registry/log.ts';
import type { Ledger } from '../registry/mirrors/ledger.ts';
import { blobsOf } from '../registry/publication/entry.ts';
import { Alarm } from '../registry/waiting.ts';
import { crawl } from './crawl.ts';
import { type ProbeResult, probeBlob, probeServer } from './probe.ts';
import { publishBlobs } from './publish.ts';
import type { MirrorTarget, WantedBlob } from './targets/target.ts';
import { Term, TermLostError } from './term.ts';

/** How often a mirror is probed, and its ledger beats: what a client can meet of a dead mirror is this plus a node's refresh. */
const PROBE_MS = 2000;
/** How often a worker that nobody woke looks for new entries. */
const POLL_MS = 1000;
/** A mirror that was away for longer may have been another machine's disk in the meantime. */
const ABSENCE_MS = 30_000;
/** A mirror that loses blobs again and again is crawled no oftener than this. */
const CRAWL_AGAIN_MS = 60_000;
/** Pause after a failure, doubled up to the limit. */
const RETRY_MS = { first: 500, most: 10_000 } as const;

export interface WorkerParts {
  readonly mirror: MirrorConfig;
  readonly target: MirrorTarget;
  readonly content: Content;
  readonly changes: Changes;
  readonly metrics: Metrics;
  readonly logger: Log;
}

/**
 * The one worker of a mirror: publishes what the log names, in order, and watches the mirror's health. Any number
 * may run, anywhere; the ledger's term says which one works, and the others wait to take over.
 */
export class MirrorWorker implements AsyncDisposable {
  readonly #parts: WorkerParts;
  readonly #stop = new AbortController();
  readonly #work = new Alarm();
  readonly #probe = new Alarm();
  readonly #unsubscribe: () => void;
  readonly #running: Promise<void>;
  #crawlIsDue = false;
  /** Set while a crawl has to end before the mirror counts as up. */
  #isHeldBack = false;
  #lastProbe: ProbeResult['kind'] | undefined;
  #lastGoodAt = Number.NEGATIVE_INFINITY;
  #lastCrawlAt = Number.NEGATIVE_INFINITY;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.changes.subscribe((change) => {
      if (change.kind === 'published') this.#work.ring();
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
        const term = await Term.acquire(content.objects, mirror.name, this.#stop.signal);
        this.#lastProbe = undefined;
        this.#lastGoodAt = performance.now() - Math.max(0, Date.now() - Date.parse(term.previousBeatAt));
        await this.#holdTerm(term);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        logger.warn({ err: error, mirror: mirror.name }, "the mirror's worker starts over");
        await sleep(RETRY_MS.first, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      }
    }
  }

  /** Works until stopped, or until another worker has the mirror. */
  async #holdTerm(term: Term): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, over.signal]);
    const end = (error: unknown) => {
      over.abort();
      throw error;
    };
    try {
      await Promise.all([this.#watch(term, signal).catch(end), this.#publish(term, signal).catch(end)]);
    } finally {
      await term.release();
    }
  }

  async #watch(term: Term, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const result = await this.#probeOnce(term.ledger, signal);
      this.#considerCrawl(result);
      const before = term.ledger.health;
      const reason =
        result.kind !== 'good'
          ? result.reason
          : this.#isHeldBack
            ? 'it is being crawled after an absence'
            : undefined;
      const state = reason === undefined ? 'up' : 'down';
      const health =
        before.state === state && before.reason === reason
          ? before
          : { state, since: new Date().toISOString(), ...(reason !== undefined && { reason }) };
      await this.#update(term, () => ({ health }) as Partial<Ledger>);
      if (before.state !== state)
        this.#parts.logger.info(
          { mirror: this.#parts.mirror.name, state, reason },
          "the mirror's health changed",
        );
      await this.#probe.wait(PROBE_MS, signal);
    }
  }

  /**
   * A first loss calls for a crawl; losses that go on after one, only now and then for another. So does a mirror's
   * return: who knows what it lost while it was away. After a long absence it counts as up only when crawled.
   */
  #considerCrawl(result: ProbeResult): void {
    const now = performance.now();
    const last = this.#lastProbe;
    const isLoss = result.kind === 'lost' && (last !== 'lost' || now - this.#lastCrawlAt > CRAWL_AGAIN_MS);
    const isReturn = result.kind === 'good' && last !== 'good';
    this.#lastProbe = result.kind;
    if (isReturn && now - this.#lastGoodAt > ABSENCE_MS) this.#isHeldBack = true;
    if (result.kind === 'good') this.#lastGoodAt = now;
    if (!isLoss && !isReturn) return;
    this.#crawlIsDue = true;
    this.#work.ring();
  }

  /** Probes a random blob that the mirror should hold: over time every one, and an emptied mirror at once. */
  async #probeOnce(ledger: Ledger, signal: AbortSignal): Promise<ProbeResult> {
    const { url } = this.#parts.mirror;
    const blob = await this.#randomHeldBlob(ledger, signal);
    return blob ? probeBlob(url, blob, signal) : probeServer(url, signal);
  }

  async #randomHeldBlob(ledger: Ledger, signal: AbortSignal): Promise<WantedBlob | undefined> {
    const missing = new Set(ledger.missing);
    const TRIES = 8;
    for (let i = 0; i < TRIES && ledger.watermark > 0; i++) {
      const seq = 1 + Math.floor(Math.random() * ledger.watermark);
      const entry = await this.#parts.content.log.read(seq, signal);
      const held = entry
        ? blobsOf(entry).filter((blob) => blob.sizeBytes > 0 && !missing.has(blob.digest))
        : [];
      const blob = held[Math.floor(Math.random() * held.length)];
      if (blob) return blob;
    }
    return undefined;
  }

  async #publish(term: Term, signal: AbortSignal): Promise<void> {
    let pauseMs: number = RETRY_MS.first;
    while (!signal.aborted) {
      try {
        await this.#catchUp(term, signal);
        if (term.ledger.trouble !== undefined) await this.#update(term, () => ({ trouble: undefined }));
        pauseMs = RETRY_MS.first;
        await this.#work.wait(POLL_MS, signal);
      } catch (error) {
        if (signal.aborted || error instanceof TermLostError) throw error;
        const trouble = error instanceof Error ? error.message : String(error);
        this.#parts.logger.warn(
          { err: error, mirror: this.#parts.mirror.name },
          'cannot publish to the mirror; trying again',
        );
        await this.#update(term, () => ({ trouble }));
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, RETRY_MS.most);
      }
    }
  }

  /** Heals what a crawl found missing, then takes entry after entry. */
  async #catchUp(term: Term, signal: AbortSignal): Promise<void> {
    const { content, target, mirror, logger } = this.#parts;
    if (this.#crawlIsDue) {
      const found = await crawl(content.log, target, term.ledger.watermark, signal);
      logger.info(
        { mirror: mirror.name, missing: found.missing.length, watermark: found.watermark },
        'crawled',
      );
      await this.#update(term, () => ({ watermark: found.watermark, missing: [...found.missing] }));
      this.#crawlIsDue = false;
      this.#isHeldBack = false;
      this.#lastCrawlAt = performance.now();
      this.#probe.ring();
    }
    for (const digest of term.ledger.missing) {
      const stat = await content.blobs.statData(digest, signal);
      // Lost in the store too: it stays missing, and nobody is sent for it.
      if (stat === undefined) continue;
      await this.#write([stat], signal);
      await this.#update(term, (ledger) => ({ missing: ledger.missing.filter((other) => other !== digest) }));
    }
    for (let seq = term.ledger.watermark + 1; !signal.aborted && !this.#crawlIsDue; seq++) {
      const entry = await content.log.read(seq, signal);
      if (entry === undefined) break;
      // Its author may have died before recording its numbers.
      await content.published.record(entry);
      await this.#write(blobsOf(entry), signal);
      await this.#update(term, () => ({ watermark: seq }));
      if (term.ledger.health.state !== 'up') this.#probe.ring();
    }
  }

  async #write(blobs: readonly WantedBlob[], signal: AbortSignal): Promise<void> {
    const { content, target, metrics, mirror } = this.#parts;
    await publishBlobs(content.blobs, target, blobs, signal, (blob) =>
      metrics.syncedBytes.inc({ mirror: mirror.name }, blob.sizeBytes),
    );
  }

  async #update(term: Term, change: (ledger: Ledger) => Partial<Ledger>): Promise<void> {
    const before = term.ledger;
    await term.update(change);
    const { watermark, missing, health } = term.ledger;
    // A beat alone is news to nobody; nodes see it when they look.
    if (watermark !== before.watermark || missing !== before.missing || health !== before.health)
      this.#parts.changes.publish({ kind: 'mirrors-changed' });
  }
}

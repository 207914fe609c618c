import type { Dispatcher } from 'undici';
import type { MirrorConfig } from '../../config/schema.ts';
import type { Metrics } from '../../http/metrics.ts';
import type { PublicRead } from '../../mirrors/public-answer.ts';
import { type Ledger, MISSING_MAX, type MissingBlob } from '../../registry/publishing/mirrors/ledger.ts';
import type { PublishingContent } from '../../registry/publishing/publishing-content.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { WakeSignal } from '../../registry/runtime/waiting.ts';
import type { MirrorNotice } from '../notices/notice.ts';
import type { MirrorTarget } from '../targets/target.ts';
import type { BoardKeeper } from './board-keeper.ts';
import type { Given } from './given.ts';
import type { LogView } from './log-view.ts';
import { PublicSide } from './public-side.ts';
import { STALLED_MS, type Stalls } from './stalls.ts';
import type { Transfer } from './transfer.ts';

/** A mirror, and the ways to it. */
export interface MirrorParts {
  readonly mirror: MirrorConfig;
  readonly target: MirrorTarget;
  /** Makes connections to the public URL. */
  readonly dispatcher: Dispatcher;
}

/** What all mirrors of a worker share. */
export interface SharedParts {
  readonly content: PublishingContent;
  readonly log: LogView;
  readonly transfer: Transfer;
  readonly stalls: Stalls;
  readonly metrics: Metrics;
  readonly logger: Log;
  readonly notify: (notice: Omit<MirrorNotice, 'at' | 'registry'>) => void;
}

/** What is known of the worker before. */
export interface Predecessor {
  /** When this process last saw its heartbeat move, by the monotonic clock; undefined if it never did. */
  readonly seenAt: number | undefined;
  /** Its last heartbeat by its own clock, RFC 3339. */
  readonly heartbeatAt: string;
}

/** A worker's time with one mirror: what its duties share. */
export class MirrorSession {
  readonly parts: MirrorParts & SharedParts;
  readonly predecessor: Predecessor;
  readonly publicSide: PublicSide;
  /** Aborts when the session is over. */
  readonly signal: AbortSignal;
  /** Notified when there may be something to publish. */
  readonly publishing = new WakeSignal();
  /** Notified when the mirror has lost something, or may be given it again. */
  readonly healing = new WakeSignal();
  /** Notified when the mirror is up again: what waits for it need not wait longer. */
  readonly recovered = { publishing: new WakeSignal(), healing: new WakeSignal() };
  /** Notified when the mirror's health should be checked now. */
  readonly watching = new WakeSignal();
  /** Notified when a crawl is due. */
  readonly crawling = new WakeSignal();
  crawlIsDue: boolean;
  /** Why its content is not believed: whole blobs that were read there were wrong. Undefined while it is. */
  distrust: string | undefined;
  /** Blobs that are being brought there, and what becomes of them. */
  readonly giving = new Map<MissingBlob['digest'], Promise<Given>>();
  /** Failures that clients' doubts have shown since the last look. */
  readonly failures: string[] = [];
  readonly #keeper: BoardKeeper;
  readonly #now: () => number;
  readonly #troubles = new Map<string, string>();

  constructor(
    parts: MirrorParts & SharedParts,
    keeper: BoardKeeper,
    predecessor: Predecessor,
    signal: AbortSignal,
    now: () => number = () => performance.now(),
  ) {
    this.parts = parts;
    this.predecessor = predecessor;
    this.publicSide = new PublicSide({ url: parts.mirror.url, dispatcher: parts.dispatcher });
    this.signal = signal;
    this.#keeper = keeper;
    this.#now = now;
    this.crawlIsDue = this.ledger.confirmed !== undefined;
  }

  get name(): MirrorConfig['name'] {
    return this.parts.mirror.name;
  }

  /** What is known of the mirror. */
  get ledger(): Ledger {
    return this.#keeper.ledger(this.name);
  }

  /** Milliseconds, monotonic. */
  now(): number {
    return this.#now();
  }

  update(change: Partial<Ledger>): void {
    this.#keeper.update(this.name, change);
  }

  /** To be called when a look at the mirror ends that began at `lookedAt`. */
  looked(lookedAt: number): void {
    this.#keeper.looked(this.name, lookedAt);
  }

  /**
   * Asks for a crawl of everything. With `holdBack`, clients are sent there only for what the crawl has passed.
   */
  requestCrawl(holdBack: boolean): void {
    this.crawlIsDue = true;
    if (holdBack && this.ledger.watermark > 0) this.update({ confirmed: 0 });
    this.crawling.notify();
  }

  /**
   * Notes that a read of a whole blob failed that began at `since`: the next look counts it, and comes now. Not if it was late
   * because this process was stalled.
   */
  fails(found: PublicRead & { kind: 'failing' }, since: number): void {
    if (found.isLate === true && this.parts.stalls.since(since) > STALLED_MS) return;
    this.failures.push(found.reason);
    this.watching.notify();
  }

  /**
   * Notes that the mirror lacks a blob: no client is sent there for it from now on, and it is given it again. False if there
   * are too many to note: then the mirror counts as behind from that publication on.
   */
  lacks(blob: Pick<MissingBlob, 'digest' | 'sizeBytes' | 'seq'>, reason: string, retryAfterMs = 0): boolean {
    const { digest, sizeBytes, seq } = blob;
    const others = this.ledger.missing.filter((other) => other.digest !== digest);
    if (others.length >= MISSING_MAX) {
      if (seq <= this.ledger.watermark) this.update({ watermark: seq - 1 });
      this.publishing.notify();
      return false;
    }
    const known = this.ledger.missing.find((other) => other.digest === digest);
    const since = known?.since ?? new Date().toISOString();
    const retryAt = retryAfterMs > 0 ? new Date(Date.now() + retryAfterMs).toISOString() : undefined;
    const missing = { digest, sizeBytes, seq, reason, since, ...(retryAt && { retryAt }) };
    this.update({ missing: [...others, missing] });
    this.healing.notify();
    return true;
  }

  /** Notes that the mirror holds a blob. */
  holds(digest: MissingBlob['digest']): void {
    if (!this.isMissing(digest)) return;
    this.update({ missing: this.ledger.missing.filter((other) => other.digest !== digest) });
  }

  isMissing(digest: MissingBlob['digest']): boolean {
    return this.ledger.missing.some((other) => other.digest === digest);
  }

  /** Notes why a duty cannot continue, for people; undefined when it can. */
  trouble(duty: string, reason: string | undefined): void {
    if (this.#troubles.get(duty) === reason) return;
    if (reason === undefined) this.#troubles.delete(duty);
    else this.#troubles.set(duty, reason);
    const [trouble] = this.#troubles.values();
    if (this.ledger.trouble !== trouble) this.update({ trouble });
  }
}

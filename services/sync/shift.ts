import type { MirrorConfig } from '../config/schema.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Ledger } from '../registry/publishing/mirrors/ledger.ts';
import type { PublishingContent } from '../registry/publishing/publishing-content.ts';
import type { Log } from '../registry/runtime/log.ts';
import { WakeSignal } from '../registry/runtime/waiting.ts';
import type { Changes } from '../registry/storage/changes.ts';
import type { MirrorTarget } from './targets/target.ts';
import type { Term } from './term.ts';

/** What a worker works with. */
export interface WorkerParts {
  readonly mirror: MirrorConfig;
  readonly target: MirrorTarget;
  readonly content: PublishingContent;
  readonly changes: Changes;
  readonly metrics: Metrics;
  readonly logger: Log;
}

/** A worker's time at a mirror, from taking it over to losing it: what watching, publishing and crawling share. */
export class Shift {
  readonly parts: WorkerParts;
  readonly term: Term;
  /** Aborts when the shift is over. */
  readonly signal: AbortSignal;
  /** Rings when there may be something to publish. */
  readonly publishing = new WakeSignal();
  /** Rings when the mirror's health should be looked at now. */
  readonly watching = new WakeSignal();
  /** Rings when a crawl is due. */
  readonly crawling = new WakeSignal();
  crawlIsDue = false;
  /** Set while a crawl has to end before the mirror counts as up. */
  isHeldBack = false;

  constructor(parts: WorkerParts, term: Term, signal: AbortSignal) {
    this.parts = parts;
    this.term = term;
    this.signal = signal;
  }

  /** Asks for a crawl; with `holdBack`, nobody is sent to the mirror before it is over. */
  requestCrawl(holdBack: boolean): void {
    this.crawlIsDue = true;
    if (holdBack) this.isHeldBack = true;
    this.crawling.notify();
  }

  /** Changes the ledger, and tells this process' nodes if that can change where clients are sent. */
  async update(change: (ledger: Ledger) => Partial<Ledger>): Promise<void> {
    const before = this.term.ledger;
    await this.term.update(change);
    const { watermark, missing, health, trouble } = this.term.ledger;
    // A beat alone is news to nobody; nodes see it when they look.
    const isMoved = watermark !== before.watermark || missing !== before.missing;
    if (isMoved || health !== before.health || trouble !== before.trouble)
      this.parts.changes.publish({ kind: 'mirrors-changed' });
  }
}

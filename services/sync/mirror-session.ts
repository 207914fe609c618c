import type { MirrorConfig } from '../config/schema.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Ledger } from '../registry/publishing/mirrors/ledger.ts';
import type { PublishingContent } from '../registry/publishing/publishing-content.ts';
import type { Log } from '../registry/runtime/log.ts';
import { WakeSignal } from '../registry/runtime/waiting.ts';
import type { Changes } from '../registry/storage/changes.ts';
import type { Lease } from './lease.ts';
import type { MirrorTarget } from './targets/target.ts';

/** What a worker works with. */
export interface WorkerParts {
  readonly mirror: MirrorConfig;
  readonly target: MirrorTarget;
  readonly content: PublishingContent;
  readonly changes: Changes;
  readonly metrics: Metrics;
  readonly logger: Log;
}

/**
 * What was seen longer ago is no longer vouched for: the worker was paused, and the mirror may have lost anything. As long
 * as the silence after which another worker takes over.
 */
const LOOK_GOOD_MS = 10_000;

/** A worker's time as the owner of a mirror's lease: what watching, publishing and crawling share. */
export class MirrorSession {
  readonly parts: WorkerParts;
  readonly lease: Lease<Ledger>;
  /** Aborts when the session is over. */
  readonly signal: AbortSignal;
  /** Notified when there may be something to publish. */
  readonly publishing = new WakeSignal();
  /** Notified when the mirror's health should be checked now. */
  readonly watching = new WakeSignal();
  /** Notified when a crawl is due. */
  readonly crawling = new WakeSignal();
  crawlIsDue: boolean;
  /** True while a crawl has to end before the mirror counts as up. */
  isHeldBack: boolean;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** When the look at the mirror began that its health in the ledger comes from. */
  lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    parts: WorkerParts,
    lease: Lease<Ledger>,
    signal: AbortSignal,
    now: () => number = () => performance.now(),
  ) {
    this.parts = parts;
    this.lease = lease;
    this.signal = signal;
    this.now = now;
    this.isHeldBack = lease.state.heldBack === true;
    this.crawlIsDue = this.isHeldBack;
  }

  /** What is known of the mirror. */
  get ledger(): Ledger {
    return this.lease.state;
  }

  /** Asks for a crawl; with `holdBack`, no client is sent to the mirror before it has ended. */
  requestCrawl(holdBack: boolean): void {
    this.crawlIsDue = true;
    if (holdBack) this.isHeldBack = true;
    this.crawling.notify();
  }

  /**
   * Renews the lease and changes the ledger; notifies this process' nodes if that can change where clients are sent. A
   * health that was not looked at for a while is written as unknown: each heartbeat vouches for it. Throws LeaseLostError when another worker has taken over.
   */
  async update(change: (ledger: Ledger) => Partial<Ledger>): Promise<void> {
    const before = this.ledger;
    await this.#write(change);
    // The write itself may have been held up after it had its time.
    if (this.#isOutdated(this.ledger)) await this.#write(() => ({}));
    const { watermark, missing, health, trouble } = this.ledger;
    // A heartbeat alone need not be announced; nodes see it when they look.
    const isMoved = watermark !== before.watermark || missing !== before.missing;
    if (isMoved || health !== before.health || trouble !== before.trouble)
      this.parts.changes.publish({ kind: 'mirrors-changed' });
  }

  async #write(change: (ledger: Ledger) => Partial<Ledger>): Promise<void> {
    await this.lease.update((last) => {
      const ledger = { ...last, ...change(last), heldBack: this.isHeldBack || undefined };
      if (!this.#isOutdated(ledger)) return ledger;
      this.watching.notify();
      const reason = 'its sync worker has not looked at it for a while';
      return { ...ledger, health: { state: 'unknown', since: new Date().toISOString(), reason } };
    });
  }

  #isOutdated({ health }: Ledger): boolean {
    return health.state === 'up' && this.now() - this.lookedAt > LOOK_GOOD_MS;
  }
}

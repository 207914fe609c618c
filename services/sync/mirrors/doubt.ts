import type { Sha256Digest } from '../../registry/oci/digest.ts';
import { CLEARED_MAX } from '../../registry/publishing/mirrors/ledger.ts';
import { foundLost } from './found-lost.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';

/** A fault that comes and goes is met by one of several looks. */
const LOOKS = 5;
/** Doubts of one mirror that are looked into at once. */
const AT_ONCE = 4;
/** A blob is read for a doubt at most once in this time. */
const ONCE_MS = 1000;
/** Doubts that wait; further ones are dropped, as they say the same. */
const WAITING_MAX = 100;

/**
 * A client came back for a blob that it had been sent to this mirror for: reads that blob there in full, at once. What is
 * bad is noted; a doubt that proves to be unfounded is cleared.
 */
export class Doubts {
  readonly #session: MirrorSession;
  readonly #waiting = new Map<Sha256Digest, number>();
  /** Those that are read now, or were a moment ago, and when that began. */
  readonly #readAt = new Map<Sha256Digest, number>();
  #running = 0;

  constructor(session: MirrorSession) {
    this.#session = session;
  }

  /** To be called for each doubt; returns at once. `seqOf` finds the entry that published the blob. */
  doubt(digest: Sha256Digest, seq: number): void {
    const readAt = this.#readAt.get(digest) ?? Number.NEGATIVE_INFINITY;
    // Clients that come back in a crowd, or on purpose, cost one read.
    if (this.#session.now() - readAt < ONCE_MS) return;
    if (this.#waiting.size < WAITING_MAX) this.#waiting.set(digest, seq);
    if (this.#running < AT_ONCE) void this.#run();
  }

  async #run(): Promise<void> {
    const { signal, parts, name } = this.#session;
    this.#running++;
    try {
      for (const [digest, seq] of this.#waiting) {
        this.#waiting.delete(digest);
        this.#noteRead(digest);
        const blob = (await parts.log.blobs(seq, signal))?.find((each) => each.digest === digest);
        // A node may have been sent there by what was known of another place.
        const isHeld = seq <= this.#session.ledger.watermark && !this.#session.isMissing(digest);
        if (blob && isHeld) await this.#look(blob);
      }
    } catch (error) {
      if (!signal.aborted) parts.logger.warn({ err: error, mirror: name }, 'cannot look into a doubt');
    } finally {
      this.#running--;
    }
  }

  async #look(blob: PublishedAt): Promise<void> {
    const session = this.#session;
    const { publicSide, signal } = session;
    const startedAt = performance.now();
    const looks = await Promise.all([
      publicSide.readAtOnce(blob, signal),
      ...Array.from({ length: LOOKS - 1 }, () => publicSide.probe(blob, signal)),
    ]);
    const lost = looks.find((found) => found.kind === 'lost');
    if (lost?.kind === 'lost') return foundLost(session, [{ blob, reason: lost.reason }], 'read');
    const failing = looks.find((found) => found.kind === 'failing');
    if (failing?.kind === 'failing') session.fails(failing, startedAt);
    else this.#clear(blob.digest);
  }

  #noteRead(digest: Sha256Digest): void {
    const now = this.#session.now();
    for (const [each, at] of this.#readAt) if (now - at >= ONCE_MS) this.#readAt.delete(each);
    this.#readAt.set(digest, now);
  }

  #clear(digest: Sha256Digest): void {
    const { cleared = [] } = this.#session.ledger;
    const before = cleared.find((each) => each.digest === digest)?.count ?? 0;
    const others = cleared.filter((each) => each.digest !== digest);
    // Counts of digests that were forgotten begin above all that nodes may remember.
    const count = Math.max(before, ...cleared.map((each) => each.count), 0) + 1;
    this.#session.update({ cleared: [...others, { digest, count }].slice(-CLEARED_MAX) });
  }
}

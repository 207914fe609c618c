import type { PublicRead } from '../../mirrors/public-answer.ts';
import type { Loss } from './found-lost.ts';
import { newestHeldBlobs, newHeldBlob, randomHeldBlob } from './held-blobs.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';
import { isLimit, mayBeLimit } from './public-side.ts';
import { STALLED_MS } from './stalls.ts';

/** What a look at a mirror found. */
export interface Sight {
  /** Whether it answers as a web server should, for each answer. */
  readonly answers: readonly boolean[];
  /** Why not, for people. */
  readonly failing: string | undefined;
  /** Blobs that it should hold and does not give. */
  readonly lost: readonly Loss[];
  /** This process was stalled during the look, which shows nothing and vouches for nothing. */
  readonly isBlind: boolean;
  /** It does not hold what was published last: it may have been put back from a backup. */
  readonly lacksNewest: boolean;
}

/**
 * Looks at a mirror again and again. The first look of a session is at the newest entries. Later ones are at a random blob
 * (over time every one, and an emptied mirror at once), and by turns at the newest entry and at one of the newest.
 */
export class Probes {
  readonly #session: MirrorSession;
  #looks = 0;

  constructor(session: MirrorSession) {
    this.#session = session;
  }

  /** Reads one byte of a few blobs, all at once. */
  async look(): Promise<Sight> {
    const session = this.#session;
    const [newest, any] = await Promise.all([this.#newest(), randomHeldBlob(session)]);
    this.#looks++;
    const blobs = any === undefined || newest.includes(any) ? newest : [...newest, any];
    // Our own traffic may be what the mirror limits; its health shows when it is left alone.
    const startedAt = performance.now();
    const { pace } = session.publicSide;
    const isBusy = pace.mayCauseLimit;
    const found = await Promise.all(
      blobs.map(async (blob) => ({ blob, result: await session.publicSide.probe(blob, session.signal) })),
    );
    const results: PublicRead[] = found.map(({ result }) => result);
    if (found.length === 0) results.push(await session.publicSide.probeServer(session.signal));
    // While this process did not run, the mirror had no chance to be in time.
    const wasStalled = session.parts.stalls.since(startedAt) > STALLED_MS;
    const relevant = results.filter(
      (result) => !(isBusy && isLimit(result)) && !(wasStalled && isLate(result)),
    );
    // Clients are kept away, but it is not held against the mirror.
    const counted = relevant.filter((result) => !mayBeLimit(result, pace));
    for (const result of results)
      if (isLimit(result) || mayBeLimit(result, pace)) pace.limited(result.retryAfterMs);
    const lost = found.flatMap(({ blob, result }) =>
      result.kind === 'lost' ? [{ blob, reason: result.reason }] : [],
    );
    return {
      answers: counted.map((result) => result.kind !== 'failing'),
      failing: relevant.find((result) => result.kind === 'failing')?.reason,
      lost,
      isBlind: wasStalled && relevant.length === 0,
      lacksNewest: lost.some(({ blob }) => newest.includes(blob)),
    };
  }

  async #newest(): Promise<readonly PublishedAt[]> {
    if (this.#looks === 0) return newestHeldBlobs(this.#session);
    const blob = await newHeldBlob(this.#session, this.#looks % 2 === 1 ? 'newest' : 'one of the newest');
    return blob ? [blob] : [];
  }
}

function isLate(result: PublicRead): boolean {
  return result.kind === 'failing' && result.isLate === true;
}

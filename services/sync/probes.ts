import { newestHeldBlobs, newHeldBlob, randomHeldBlob } from './held-blobs.ts';
import type { MirrorSession } from './mirror-session.ts';
import { type ProbeResult, probeBlob, probeServer } from './probe.ts';
import type { WantedBlob } from './targets/target.ts';

/** What a look at a mirror found. */
export interface Sight {
  readonly result: ProbeResult;
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
    const { url } = session.parts.mirror;
    const [newest, any] = await Promise.all([this.#newest(), randomHeldBlob(session)]);
    this.#looks++;
    const probe = (blob: WantedBlob) => probeBlob(url, blob, session.signal);
    const [ofNewest, ofAny] = await Promise.all([
      Promise.all(newest.map(probe)),
      any === undefined ? [] : probe(any).then((result) => [result]),
    ]);
    const results = [...ofNewest, ...ofAny];
    if (results.length === 0) results.push(await probeServer(url, session.signal));
    return { result: worst(results), lacksNewest: worst(ofNewest).kind === 'lost' };
  }

  async #newest(): Promise<readonly WantedBlob[]> {
    if (this.#looks === 0) return newestHeldBlobs(this.#session);
    const blob = await newHeldBlob(this.#session, this.#looks % 2 === 1 ? 'newest' : 'one of the newest');
    return blob ? [blob] : [];
  }
}

function worst(results: readonly ProbeResult[]): ProbeResult {
  const of = (kind: ProbeResult['kind']) => results.find((result) => result.kind === kind);
  return of('lost') ?? of('failing') ?? { kind: 'good' };
}

import type { Dispatcher } from 'undici';
import type { PublicRead } from '../../mirrors/public-answer.ts';
import { askServer, askSize, type BlobPart, readPart, readPublicly } from '../../mirrors/public-read.ts';
import type { WantedBlob } from '../targets/target.ts';
import { Pace } from './pace.ts';

/** A mirror that takes longer for one byte would stall clients, which have no such limit themselves. */
const PROBE_PATIENCE_MS = 2000;
/** A mirror that asks to be left alone for longer gets no request that waits for that. */
const PATIENCE_MS = 5000;
/** How often a request is sent that the mirror refuses because of its limit, or because of what may be one. */
const TRIES = { limit: 20, perhaps: 3 } as const;

export interface PublicSideOptions {
  /** Where clients fetch. */
  readonly url: string;
  /** Trusts the mirror's own authorities. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** A mirror as clients see it. Everything that is believed of a mirror's content comes from here. */
export class PublicSide {
  readonly pace = new Pace();
  readonly #options: PublicSideOptions;

  constructor(options: PublicSideOptions) {
    this.#options = options;
  }

  /** Asks for one byte and the size, as a probe: at once, whatever the mirror's limits. */
  probe(blob: WantedBlob, signal: AbortSignal): Promise<PublicRead> {
    const { url, dispatcher } = this.#options;
    return askSize(url, blob, { signal, dispatcher, patienceMs: PROBE_PATIENCE_MS });
  }

  /** Asks a mirror that holds nothing yet for anything at all. */
  probeServer(signal: AbortSignal): Promise<PublicRead> {
    const { url, dispatcher } = this.#options;
    return askServer(url, { signal, dispatcher, patienceMs: PROBE_PATIENCE_MS });
  }

  /** Asks for one byte and the size, within the mirror's limits. */
  ask(blob: WantedBlob, signal: AbortSignal): Promise<PublicRead> {
    const { url, dispatcher } = this.#options;
    return this.#paced(signal, () => askSize(url, blob, { signal, dispatcher }));
  }

  /** Reads a blob whole, within the mirror's limits. */
  read(blob: WantedBlob, signal: AbortSignal): Promise<PublicRead> {
    return this.#paced(signal, () => this.readAtOnce(blob, signal));
  }

  /** Reads some of a blob's bytes, at once. */
  readPartAtOnce(blob: WantedBlob, part: BlobPart, signal: AbortSignal): Promise<PublicRead> {
    const { url, dispatcher } = this.#options;
    return readPart(url, blob, part, { signal, dispatcher });
  }

  /** Reads a blob whole, at once, whatever the mirror's limits: for what a client has met, and for samples. */
  readAtOnce(blob: WantedBlob, signal: AbortSignal): Promise<PublicRead> {
    const { url, dispatcher } = this.#options;
    return readPublicly(url, blob, { signal, dispatcher });
  }

  async #paced(signal: AbortSignal, act: () => Promise<PublicRead>): Promise<PublicRead> {
    for (let tries = 1; ; tries++) {
      await this.pace.turn(signal);
      const found = await act();
      if (!isLimit(found) && !mayBeLimit(found, this.pace)) return found;
      const pauseMs = this.pace.limited(found.retryAfterMs);
      if (tries === (isLimit(found) ? TRIES.limit : TRIES.perhaps) || pauseMs > PATIENCE_MS) return found;
    }
  }
}

type Failing = PublicRead & { kind: 'failing' };

/** Whether a mirror answered that it is asked too often. A 503 says so only with a time to come back. */
export function isLimit(found: PublicRead): found is Failing {
  if (found.kind !== 'failing') return false;
  return found.retryAfterMs !== undefined || found.reason.startsWith('its URL answers 429');
}

/** Whether a 503 without a time to come back may be an answer to how much we ask. */
export function mayBeLimit(found: PublicRead, pace: Pace): found is Failing {
  return found.kind === 'failing' && pace.isBurst && found.reason.startsWith('its URL answers 503');
}

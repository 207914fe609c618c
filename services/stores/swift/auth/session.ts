import { Shared } from '../../../registry/runtime/shared.ts';
import { untilAborted } from '../../../registry/runtime/waiting.ts';

/** The result of a log-in. */
export interface Grant {
  readonly token: string;
  /** The account's URL, without a slash at its end. */
  readonly storageUrl: string;
  readonly expiresAtMs: number;
}

/** A token is renewed when a fifth of its life is left, but not more than this before its end. */
const RENEW_BEFORE_MS = 5 * 60_000;
const RENEW_BEFORE_SHARE = 0.2;
/** After a log-in that failed while the old token still lives. */
const TRY_AGAIN_MS = 10_000;

/** The token of a process: renewed before it ends, by one log-in at a time that all callers share. */
export class Session {
  #grant: Grant | undefined;
  #renewAtMs = 0;
  readonly #renewing: Shared<Grant>;

  constructor(logIn: () => Promise<Grant>) {
    this.#renewing = new Shared(async () => this.#use(await logIn()));
  }

  /** A valid token; waits for a log-in if there is none. */
  async grant(signal?: AbortSignal): Promise<Grant> {
    signal?.throwIfAborted();
    const held = this.#grant;
    if (held && Date.now() < this.#renewAtMs) return held;
    try {
      return await untilAborted(this.#renewing.run(), signal);
    } catch (error) {
      if (signal?.aborted || !held || this.#grant !== held || Date.now() >= held.expiresAtMs) throw error;
      this.#renewAtMs = Date.now() + TRY_AGAIN_MS;
      return held;
    }
  }

  /** To be called when Swift refused this token: it is not used again. */
  refuse(token: string): void {
    if (this.#grant?.token === token) this.#grant = undefined;
  }

  #use(grant: Grant): Grant {
    const lifeMs = grant.expiresAtMs - Date.now();
    this.#grant = grant;
    this.#renewAtMs = grant.expiresAtMs - Math.min(RENEW_BEFORE_MS, lifeMs * RENEW_BEFORE_SHARE);
    return grant;
  }
}

interface Attempt {
  readonly digest: string;
  readonly startedAt: number;
  /** Infinity while it may still take effect. */
  endedAt: number;
  acknowledged: boolean;
}

/** A move of a tag that was sent and not yet answered. */
export interface Move {
  /** The answer says that it was done. */
  acknowledge(): void;
  /** The answer says that it was not, and never will be. */
  withdraw(): void;
}

/**
 * What a tag may name, given which moves of it were tried and acknowledged: a register that must be linearizable
 * over crashes. A move may be lost only if it was not acknowledged, or if another could have come after it.
 */
export class TagHistory {
  #attempts: Attempt[] = [];
  #clock = 0;
  readonly #lingers: boolean;

  /** `lingers`: what was tried and cut off may still take effect after a read, until a later move is acknowledged. */
  constructor({ lingers = false } = {}) {
    this.#lingers = lingers;
  }

  /** A move is sent. */
  begin(digest: string): Move {
    const attempt = {
      digest,
      startedAt: ++this.#clock,
      endedAt: Number.POSITIVE_INFINITY,
      acknowledged: false,
    };
    this.#attempts.push(attempt);
    return {
      acknowledge: () => {
        attempt.acknowledged = true;
        attempt.endedAt = ++this.#clock;
      },
      withdraw: () => {
        this.#attempts = this.#attempts.filter((other) => other !== attempt);
      },
    };
  }

  /** The process is dead: what was not acknowledged has happened by now, or never will. */
  cut(): void {
    this.#clock++;
    for (const attempt of this.#attempts) attempt.endedAt = Math.min(attempt.endedAt, this.#clock);
  }

  /** The digests that the tag may name now; undefined among them if it need not be there. */
  allowed(): Set<string | undefined> {
    const acknowledged = this.#attempts.filter((attempt) => attempt.acknowledged);
    const candidates = this.#attempts.filter(
      (attempt) => !acknowledged.some((later) => later.startedAt > attempt.endedAt),
    );
    const allowed = new Set<string | undefined>(candidates.map((attempt) => attempt.digest));
    if (acknowledged.length === 0) allowed.add(undefined);
    return allowed;
  }

  /** What was read while nothing moved it is from now on as good as acknowledged. */
  observe(digest: string | undefined): void {
    const lingering = this.#lingers
      ? this.#attempts.filter((attempt) => !attempt.acknowledged && attempt.digest !== digest)
      : [];
    this.#attempts = [...lingering];
    // From the beginning, so that it stands for no move after those that linger.
    if (digest !== undefined) this.#attempts.push({ digest, startedAt: 0, endedAt: 0, acknowledged: true });
  }
}

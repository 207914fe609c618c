import { PATIENCE_MS, TAG_STALE_MS } from './settings.ts';

/** What was sent and not answered has happened after so long, or never will. */
const LATE_MS = 5000;

interface Attempt {
  /** Undefined for a delete. */
  readonly digest: string | undefined;
  readonly startedAtMs: number;
  /** Infinity while it may still take effect. */
  endedAtMs: number;
  isAcknowledged: boolean;
}

/** A move of a tag that is under way. */
export interface TagMove {
  acknowledge(): void;
  /** It was refused, and nothing has changed. */
  withdraw(): void;
  /** It is over, and nobody knows whether it has changed anything; after so long it has, or never will. */
  lose(lateMs?: number): void;
}

/**
 * A tag that several clients move and delete at the same time: a register that is linearizable, but for the moment that
 * another node may show what was there before.
 */
export class SharedTag {
  readonly repository: string;
  readonly tag: string;
  readonly #now: () => number;
  #attempts: Attempt[] = [
    { digest: undefined, startedAtMs: Number.NEGATIVE_INFINITY, endedAtMs: 0, isAcknowledged: true },
  ];

  constructor(repository: string, tag: string, now: () => number) {
    this.repository = repository;
    this.tag = tag;
    this.#now = now;
  }

  get name(): string {
    return `${this.repository}:${this.tag}`;
  }

  /** A move, or with undefined a delete, is sent. */
  begin(digest: string | undefined): TagMove {
    const attempt: Attempt = {
      ...{ digest, startedAtMs: this.#now() },
      ...{ endedAtMs: Number.POSITIVE_INFINITY, isAcknowledged: false },
    };
    this.#attempts.push(attempt);
    return {
      acknowledge: () => {
        attempt.isAcknowledged = true;
        attempt.endedAtMs = this.#now();
      },
      withdraw: () => {
        this.#attempts = this.#attempts.filter((other) => other !== attempt);
      },
      lose: (lateMs = LATE_MS) => {
        attempt.endedAtMs = this.#now() + lateMs;
      },
    };
  }

  /** What a reader that asked at this moment and was answered just now may have seen; undefined for nothing. */
  allowed(askedAtMs: number): Set<string | undefined> {
    const settled = this.#attempts.filter(
      ({ isAcknowledged, endedAtMs }) => isAcknowledged && endedAtMs < askedAtMs - TAG_STALE_MS,
    );
    const candidates = this.#attempts.filter(
      ({ endedAtMs }) => !settled.some((later) => later.startedAtMs > endedAtMs),
    );
    return new Set(candidates.map(({ digest }) => digest));
  }

  /** Forgets what no reader that asks from now on may see. */
  prune(): void {
    const nowMs = this.#now() - PATIENCE_MS - LATE_MS;
    const settled = this.#attempts.filter(
      ({ isAcknowledged, endedAtMs }) => isAcknowledged && endedAtMs < nowMs - TAG_STALE_MS,
    );
    this.#attempts = this.#attempts.filter(
      ({ endedAtMs }) => !settled.some((later) => later.startedAtMs > endedAtMs),
    );
  }
}

import type { Fence } from '../../services/registry/storage/fence.ts';

/** A fence that counts what it is asked and told, and refuses what a test says. */
export class WatchedFence implements Fence {
  checks = 0;
  doubts = 0;
  /** What a refused write is to be rejected with: it has a name and a code after which libraries try again. */
  readonly refusal = Object.assign(new Error('too late'), { name: 'TimeoutError', code: 'ECONNRESET' });
  readonly #refuses: (fence: WatchedFence) => boolean;

  /** `refuses` is asked at each check, which counts already; it refuses nothing unless given. */
  constructor(refuses: (fence: WatchedFence) => boolean = () => false) {
    this.#refuses = refuses;
  }

  check(): void {
    this.checks++;
    if (this.#refuses(this)) throw this.refusal;
  }

  doubt(): void {
    this.doubts++;
  }
}

/** One after whose first doubt no attempt is made any more. */
export function untilDoubt(): WatchedFence {
  return new WatchedFence(({ doubts }) => doubts > 0);
}

import { WaitQueue } from '../../runtime/wait-queue.ts';
import { tooMany } from '../too-many.ts';
import type { Admission } from './strangers-budget.ts';

/** Enough for a build farm whose machines all start at once. */
const WAITING_MAX = 256;
const WAIT_MAX_MS = 10_000;
const RETRY_AFTER_MS = 2000;
/** How many attempts of others an attempt waits for at the head of the queue. */
const ASKED_MAX = 32;

interface Turns {
  readonly queue: WaitQueue;
  readonly underWay: Set<Promise<unknown>>;
  users: number;
}

/**
 * Attempts under way count as failed until they end. What only they keep out waits for them instead of being refused: a
 * hundred machines with the right secret, new and all at once, are let in one after the other.
 */
export class AccountTurns {
  readonly #accounts = new Map<string, Turns>();

  /** Makes an attempt when `enter` admits it. Returns how long to wait, ms, when no attempt is under way and it does not. */
  async run<T>(
    account: string,
    enter: () => Promise<Admission>,
    act: (takeBack: () => Promise<void>) => Promise<T>,
  ): Promise<{ readonly done: T } | { readonly waitMs: number }> {
    const turns = this.#accounts.get(account) ?? newTurns();
    this.#accounts.set(account, turns);
    turns.users++;
    try {
      // A client that may pass at once does not queue behind others that may not.
      let admission = await enter();
      if (admission.takeBack === undefined && turns.underWay.size > 0)
        admission = await turns.queue.run(() => admitted(turns, enter));
      if (admission.takeBack === undefined) return admission;
      const attempt = act(admission.takeBack);
      turns.underWay.add(attempt);
      try {
        return { done: await attempt };
      } finally {
        turns.underWay.delete(attempt);
      }
    } finally {
      if (--turns.users === 0) this.#accounts.delete(account);
    }
  }
}

function newTurns(): Turns {
  const refuse = () => tooMany('too many logins to this account at once', RETRY_AFTER_MS);
  const limits = { waiting: WAITING_MAX, waitMaxMs: WAIT_MAX_MS, refuse };
  return { queue: new WaitQueue({ atOnce: 1, limits }), underWay: new Set(), users: 0 };
}

/** Asks again whenever an attempt has ended. */
async function admitted({ underWay }: Turns, enter: () => Promise<Admission>): Promise<Admission> {
  for (let asked = 1; ; asked++) {
    const before = [...underWay];
    const admission = await enter();
    if (admission.takeBack !== undefined || before.length === 0 || asked === ASKED_MAX) return admission;
    await Promise.race(before.map((attempt) => attempt.catch(() => undefined)));
  }
}

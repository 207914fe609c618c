import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Credentials } from '../registry/access/account.ts';
import { untilAborted } from '../registry/runtime/waiting.ts';

/** So many are remembered: a build farm's worth, in a few megabytes. */
const REMEMBERED_MAX = 10_000;

/** What was proven, and until when it may be believed (milliseconds since the epoch). */
export interface Proof<T> {
  readonly value: T;
  readonly untilMs: number;
}

/**
 * Credentials that were found good a moment ago, and what for. Neither names nor passwords stand in memory: only
 * hashes of them, salted with what this process made up for itself. Whoever asks for the same while it is being found out waits for
 * that; what was found wrong is not remembered, so that a corrected account works at once.
 */
export class Proofs<T> {
  readonly #salt = randomBytes(32).toString('base64');
  readonly #found = new LRUCache<string, Proof<T>>({ max: REMEMBERED_MAX });
  readonly #finding = new Map<string, Promise<Proof<T> | undefined>>();

  /**
   * What the credentials are good for, in this `context`; `find` finds it out, undefined where they are wrong. It goes
   * on when the signal aborts, which is that of one of perhaps many who wait: it needs a limit of its own.
   */
  async get(
    { username, password }: Credentials,
    context: string,
    find: () => Promise<Proof<T> | undefined>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const key = hash('sha256', JSON.stringify([this.#salt, context, username, password]), 'base64');
    const found = this.#found.get(key);
    if (found && Date.now() < found.untilMs) return found.value;
    let finding = this.#finding.get(key);
    if (finding === undefined) {
      finding = this.#find(key, find);
      // Nobody may be left to hear of a failure.
      finding.catch(() => undefined);
      this.#finding.set(key, finding);
    }
    return (await untilAborted(finding, signal))?.value;
  }

  async #find(key: string, find: () => Promise<Proof<T> | undefined>): Promise<Proof<T> | undefined> {
    try {
      const proof = await find();
      if (proof === undefined) this.#found.delete(key);
      else this.#found.set(key, proof);
      return proof;
    } finally {
      this.#finding.delete(key);
    }
  }
}

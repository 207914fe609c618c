import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Credentials } from '../registry/access/account.ts';
import { untilAborted } from '../registry/runtime/waiting.ts';

/** Enough for a build farm, in a few megabytes. */
const REMEMBERED_MAX = 10_000;

/** A proven value, and until when it is valid (milliseconds since the epoch). */
export interface Proof<T> {
  readonly value: T;
  readonly untilMs: number;
}

/**
 * A cache of credentials that were just checked. It holds neither names nor passwords, only hashes with a salt of this
 * process. Concurrent checks of the same credentials share one. Failures are not cached, so that a corrected account works
 * at once.
 */
export class Proofs<T> {
  readonly #salt = randomBytes(32).toString('base64');
  readonly #found = new LRUCache<string, Proof<T>>({ max: REMEMBERED_MAX });
  readonly #finding = new Map<string, Promise<Proof<T> | undefined>>();

  /**
   * What the credentials prove in this `context`; `find` checks them, and returns undefined when they are wrong. It continues
   * when the signal of one waiting caller aborts, so it needs a time limit of its own.
   */
  async get(
    { username, password, priority }: Credentials,
    context: string,
    find: () => Promise<Proof<T> | undefined>,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const key = hash('sha256', JSON.stringify([this.#salt, context, username, password]), 'base64');
    const found = this.#found.get(key);
    if (found && Date.now() < found.untilMs) return found.value;
    // A known client does not wait in a stranger's place.
    const findingKey = `${priority?.isKnown === true} ${key}`;
    let finding = this.#finding.get(findingKey);
    if (finding === undefined) {
      finding = this.#find(key, findingKey, find);
      // Nobody may be left to hear of a failure.
      finding.catch(() => undefined);
      this.#finding.set(findingKey, finding);
    }
    return (await untilAborted(finding, signal))?.value;
  }

  async #find(
    key: string,
    findingKey: string,
    find: () => Promise<Proof<T> | undefined>,
  ): Promise<Proof<T> | undefined> {
    try {
      const proof = await find();
      if (proof === undefined) this.#found.delete(key);
      else this.#found.set(key, proof);
      return proof;
    } finally {
      this.#finding.delete(findingKey);
    }
  }
}

import { LRUCache } from 'lru-cache';

/** Authors that are remembered; processes come and go. */
const AUTHORS_MAX = 1000;
/** So many messages may be on other ways through a cluster; more are lost. */
const MISSING_MAX = 100;

interface Author {
  last: number;
  readonly missing: Set<number>;
}

/** Finds out, from the numbers of messages, whether any was lost on its way: Redis itself tells nobody. */
export class Gaps {
  readonly #authors = new LRUCache<string, Author>({ max: AUTHORS_MAX });
  #hasLost = false;

  /**
   * Takes note of a message. True when one before it has not come, or not yet: in a cluster one may overtake another,
   * so give it a moment and then ask {@link take}.
   */
  heard(from: string, seq: number): boolean {
    const author = this.#authors.get(from) ?? { last: 0, missing: new Set<number>() };
    this.#authors.set(from, author);
    if (seq <= author.last) {
      author.missing.delete(seq);
      return false;
    }
    const skipped = seq - author.last - 1;
    if (skipped + author.missing.size > MISSING_MAX) {
      this.#hasLost = true;
      author.missing.clear();
    } else for (let each = author.last + 1; each < seq; each++) author.missing.add(each);
    author.last = seq;
    return this.#hasLost || author.missing.size > 0;
  }

  /** Whether messages are missing; they count as told afterwards. */
  take(): boolean {
    let isMissing = this.#hasLost;
    this.#hasLost = false;
    for (const { missing } of this.#authors.values()) {
      isMissing ||= missing.size > 0;
      missing.clear();
    }
    return isMissing;
  }
}

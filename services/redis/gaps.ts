import { LRUCache } from 'lru-cache';

/** Authors remembered; processes come and go. */
const AUTHORS_MAX = 1000;
/** How many messages may be late in a cluster; more count as lost. */
const MISSING_MAX = 100;

interface Author {
  last: number;
  readonly missing: Set<number>;
}

/** Finds out, from the numbers of messages, whether any was lost: Redis itself does not report that. */
export class Gaps {
  readonly #authors = new LRUCache<string, Author>({ max: AUTHORS_MAX });
  #hasLost = false;

  /**
   * Records a message. True when an earlier one is missing, perhaps only late: in a cluster they may arrive out of order,
   * so wait a moment and then call {@link take}.
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

  /** Whether messages are missing; each is reported once. */
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

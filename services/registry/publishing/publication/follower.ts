import type { Sha256Digest } from '../../oci/digest.ts';
import type { Log } from '../../runtime/log.ts';
import { Poll } from '../../runtime/poll.ts';
import { Cached, type CacheUse } from '../../storage/cached.ts';
import type { Changes } from '../../storage/changes.ts';
import { blobsOf } from './entry.ts';
import type { PublicationLog } from './log.ts';
import type { PublishedBlobs } from './published.ts';

/** How often a node looks for entries whose announcement it missed. */
const POLL_MS = 1000;
const REMEMBERED_BLOBS = 200_000;
/** The log reports every change; this bounds what a restored store, or a record that came late, leaves in memory. */
const NUMBER_MAX_AGE_MS = 60 * 60_000;

export interface FollowerOptions {
  readonly log: PublicationLog;
  readonly published: PublishedBlobs;
  readonly changes: Changes;
  readonly logger: Log;
}

/**
 * A node's knowledge of publication numbers: asked of the store once a blob, then remembered, and kept current by
 * following the log's end. `0` stands for "not published", so that candidates' blobs are remembered too.
 */
export class PublicationFollower implements AsyncDisposable {
  readonly #options: FollowerOptions;
  readonly #numbers = new Cached<number>({ maxSize: REMEMBERED_BLOBS, maxAgeMs: NUMBER_MAX_AGE_MS });
  readonly #unsubscribe: () => void;
  readonly #poll: Poll;
  #head: number;

  private constructor(options: FollowerOptions, head: number) {
    this.#options = options;
    this.#head = head;
    // What is not known to be published is served by the node itself: slower, never wrong.
    this.#poll = new Poll({
      act: () => this.#readNew(),
      everyMs: POLL_MS,
      ...{ log: options.logger, failure: 'cannot follow the publication log; trying again' },
    });
    this.#unsubscribe = options.changes.subscribe((change) => {
      if (change.kind === 'published' || change.kind === 'resync') this.#poll.notify();
    });
  }

  /** Begins at the log's end: the past is looked up as it is asked for. */
  static async start(options: FollowerOptions): Promise<PublicationFollower> {
    const head = await options.log.head();
    const newest = head > 0 ? await options.log.read(head) : undefined;
    // Its author may have died before recording its numbers.
    if (newest) await options.published.record(newest);
    return new PublicationFollower(options, head);
  }

  /** The newest entry that this node has seen. */
  get head(): number {
    return this.#head;
  }

  /** The use of what is remembered of publication numbers. */
  get cache(): CacheUse {
    return this.#numbers.use;
  }

  /** A blob's publication number, 0 when it is not published; at once when remembered. */
  number(digest: Sha256Digest): number | Promise<number> {
    const answer = this.#numbers.get(digest, async () => (await this.#options.published.number(digest)) ?? 0);
    return typeof answer === 'number' ? answer : answer.then((number) => number ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await this.#poll[Symbol.asyncDispose]();
  }

  async #readNew(): Promise<void> {
    for (;;) {
      const entry = await this.#options.log.read(this.#head + 1);
      if (entry === undefined) return;
      for (const { digest } of blobsOf(entry)) this.#numbers.set(digest, entry.seq);
      this.#head = entry.seq;
    }
  }
}

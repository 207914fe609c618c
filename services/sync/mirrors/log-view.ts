import { LRUCache } from 'lru-cache';
import {
  blobsOf,
  type Publication,
  type PublishedBlob,
} from '../../registry/publishing/publication/entry.ts';
import type { PublishingContent } from '../../registry/publishing/publishing-content.ts';
import type { Log } from '../../registry/runtime/log.ts';
import { Poll } from '../../registry/runtime/poll.ts';
import { untilAborted } from '../../registry/runtime/waiting.ts';
import type { Changes } from '../../registry/storage/changes.ts';

/** How often a worker looks for entries whose announcement it missed. */
const POLL_MS = 2000;
/** Entries of some 30 MB. */
const REMEMBERED_BLOBS = 200_000;
/** All mirrors are probed with the same blobs for this long, so that their number costs no reads of the log. */
const DRAW_MS = 2000;

/** A blob of an entry, as a mirror should hold it. */
export interface PublishedAt extends PublishedBlob {
  readonly seq: number;
}

interface Entry {
  readonly blobs: readonly PublishedAt[];
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** One view of the publication log for all mirrors of a worker: read once, remembered, followed by one poll. */
export class LogView implements AsyncDisposable {
  readonly #content: PublishingContent;
  readonly #entries = new LRUCache<number, Entry>({
    maxSize: REMEMBERED_BLOBS,
    sizeCalculation: ({ blobs }) => blobs.length + 1,
  });
  readonly #reading = new Map<number, Promise<Entry | undefined>>();
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  readonly #poll: Poll;
  #head = 0;
  #knowsHead = false;
  #drawn = { at: Number.NEGATIVE_INFINITY, fraction: 0 };

  constructor(content: PublishingContent, changes: Changes, logger: Log) {
    this.#content = content;
    this.#poll = new Poll({
      act: (signal) => this.#follow(signal),
      ...{ everyMs: POLL_MS, log: logger, failure: 'cannot follow the publication log; trying again' },
    });
    this.#unsubscribe = changes.subscribe((change) => {
      if (change.kind === 'published' || change.kind === 'resync') this.#poll.notify();
    });
  }

  /** The newest entry that was seen. */
  get head(): number {
    return this.#head;
  }

  /** The same; undefined before the first look. */
  get knownHead(): number | undefined {
    return this.#knowsHead ? this.#head : undefined;
  }

  /** Calls `listener` when there are new entries, until the returned function is called. */
  onNew(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What an entry published; undefined if there is no such entry yet. */
  async blobs(seq: number, signal: AbortSignal): Promise<readonly PublishedAt[] | undefined> {
    if (seq < 1) return undefined;
    return (this.#entries.get(seq) ?? (await untilAborted(this.#readOnce(seq), signal)))?.blobs;
  }

  /** When an entry was appended, in milliseconds since 1970; undefined if there is no such entry yet. */
  async timeOf(seq: number, signal: AbortSignal): Promise<number | undefined> {
    return (this.#entries.get(seq) ?? (await untilAborted(this.#readOnce(seq), signal)))?.at;
  }

  /** An entry of the first `watermark`, the same for every mirror that asks within a moment; every one over time. */
  drawn(watermark: number): number {
    if (performance.now() - this.#drawn.at > DRAW_MS)
      this.#drawn = { at: performance.now(), fraction: Math.random() };
    return 1 + Math.floor(this.#drawn.fraction * watermark);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    await this.#poll[Symbol.asyncDispose]();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const before = this.#head;
    // Once: a log that is empty would be asked for its head each time.
    if (!this.#knowsHead) this.#head = await this.#content.log.head();
    this.#knowsHead = true;
    for (;;) {
      const entry = await this.#content.log.read(this.#head + 1, signal);
      if (entry === undefined) break;
      this.#remember(entry);
      this.#head = entry.seq;
    }
    if (this.#head > before) for (const listener of this.#listeners) listener();
  }

  /** Mirrors that ask for an entry at the same time share one read of it. */
  #readOnce(seq: number): Promise<Entry | undefined> {
    const running = this.#reading.get(seq);
    if (running) return running;
    const reading = this.#content.log
      .read(seq)
      .then((entry) => entry && this.#remember(entry))
      .finally(() => this.#reading.delete(seq));
    this.#reading.set(seq, reading);
    return reading;
  }

  #remember(entry: Publication): Entry {
    const blobs = blobsOf(entry).map((blob) => ({ ...blob, seq: entry.seq }));
    const remembered = { blobs, at: Date.parse(entry.time) };
    this.#entries.set(entry.seq, remembered);
    return remembered;
  }
}

import { resolveRevision } from '../../content/revisions.ts';
import type { TagTarget } from '../../content/tag-names.ts';
import { isRepositoryName, isTag } from '../../oci/names.ts';
import type { Log } from '../../runtime/log.ts';
import { Poll } from '../../runtime/poll.ts';
import type { Changes } from '../../storage/changes.ts';
import type { Publication } from '../publication/entry.ts';
import type { PublishingContent } from '../publishing-content.ts';
import { mayBeOpen } from './open.ts';
import { settleTag, type TagPlace, type TagTicket } from './tag-tickets.ts';

/** How often new promotions are looked for, and the shortest time between two looks at a tag. */
const POLL_MS = 1000;
/** A tag is checked again after this share of the time since its last promotion, up to the limit. */
const AGE_SHARE = 1 / 4;
const LOOK_AGAIN_MAX_MS = 10 * 60_000;
/** Bounds the requests to the store, regardless of the number of promotions. */
const LOOKS_PER_POLL = 20;
/** Bounds memory, and the reads at start. */
const ENTRIES_MAX = 10_000;

export interface TagRepairOptions {
  readonly content: Pick<PublishingContent, 'objects' | 'tags' | 'turns' | 'log'>;
  readonly changes: Changes;
  readonly logger: Log;
  /** Whether a repository changes only by promotion; tags of others are moved by pushes. */
  readonly isStable: (repository: TagPlace['repository']) => boolean;
  /** False while the registry is read-only. */
  readonly takesWrites: () => boolean;
  readonly pollMs?: number;
}

/** A tag that was promoted into recently. */
interface Watched {
  readonly place: TagPlace;
  /** Only what is needed of each promotion: it may list many blobs. */
  entries: Pick<Publication, 'seq' | 'time' | 'manifestDigest'>[];
  nextLookAtMs: number;
}

/**
 * Watches the tags of recent promotions. A promotion that loses a race, writes its tag late and dies leaves the tag with
 * the loser's image, and so does a write that reaches the store after its author gave it up. A check here moves the tag
 * back. At the start it checks all tags whose last promotion may still be under way; later it checks often at first,
 * then less and less often. A check costs two or three small requests.
 */
export class TagRepair implements AsyncDisposable {
  readonly #options: TagRepairOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #poll: Poll;
  #isStarted = false;
  #head = 0;

  constructor(options: TagRepairOptions) {
    this.#options = options;
    this.#poll = new Poll({
      act: (signal) => this.#round(signal),
      everyMs: options.pollMs ?? POLL_MS,
      ...{ log: options.logger, failure: 'cannot compare tags with their promotions; trying again' },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#poll[Symbol.asyncDispose]();
  }

  async #round(signal: AbortSignal): Promise<void> {
    if (!this.#isStarted) await this.#readRecent(signal);
    this.#isStarted = true;
    await this.#readNew(signal);
    if (this.#options.takesWrites()) await this.#lookAtDue(signal);
  }

  async #readRecent(signal: AbortSignal): Promise<void> {
    const { log } = this.#options.content;
    this.#watched.clear();
    this.#head = await log.head(signal);
    for (let seq = this.#head; seq > Math.max(0, this.#head - ENTRIES_MAX); seq--) {
      const entry = await log.read(seq, signal);
      if (entry === undefined || !mayBeOpen(entry, Date.now())) return;
      this.#watch(entry, 0);
    }
  }

  async #readNew(signal: AbortSignal): Promise<void> {
    const { content, pollMs = POLL_MS } = this.#options;
    for (;;) {
      const entry = await content.log.read(this.#head + 1, signal);
      if (entry === undefined) return;
      this.#head = entry.seq;
      this.#watch(entry, performance.now() + pollMs);
    }
  }

  #watch(entry: Publication, nextLookAtMs: number): void {
    const { repository, tag } = entry.target;
    if (!isRepositoryName(repository) || !isTag(tag) || !this.#options.isStable(repository)) return;
    const key = `${repository}:${tag}`;
    const watched = this.#watched.get(key) ?? { place: { repository, tag }, entries: [], nextLookAtMs };
    const { seq, time, manifestDigest } = entry;
    watched.entries.push({ seq, time, manifestDigest });
    watched.nextLookAtMs = nextLookAtMs;
    this.#watched.set(key, watched);
  }

  async #lookAtDue(signal: AbortSignal): Promise<void> {
    const nowMs = performance.now();
    const due = [...this.#watched].filter(([, { nextLookAtMs }]) => nextLookAtMs <= nowMs);
    for (const [key, watched] of due.slice(0, LOOKS_PER_POLL)) {
      signal.throwIfAborted();
      // The configuration may have changed since.
      if (!this.#options.isStable(watched.place.repository)) {
        this.#watched.delete(key);
        continue;
      }
      await this.#look(watched, signal);
      const ageMs = Math.min(...watched.entries.map(({ time }) => Date.now() - Date.parse(time)));
      const pauseMs = Math.max(this.#options.pollMs ?? POLL_MS, ageMs * AGE_SHARE);
      watched.nextLookAtMs = performance.now() + Math.min(pauseMs, LOOK_AGAIN_MAX_MS);
      const open = watched.entries.filter((entry) => mayBeOpen(entry, Date.now()));
      if (open.length === 0) this.#watched.delete(key);
      else watched.entries = open;
    }
  }

  async #look({ place, entries }: Readonly<Watched>, signal: AbortSignal): Promise<void> {
    const { content, changes, logger } = this.#options;
    let was: TagTarget | undefined;
    const isSuperseded = async (named: TagTarget, by: TagTicket): Promise<boolean> => {
      was = named;
      for (const { seq, manifestDigest } of entries) {
        if (seq >= by.seq) continue;
        if ([named.canonicalDigest, named.digest].includes(manifestDigest)) return true;
        const stored = await resolveRevision(content.objects, place.repository, manifestDigest, signal);
        if (stored === named.canonicalDigest) return true;
      }
      return false;
    };
    const ticket = await settleTag(content, place, isSuperseded, signal);
    if (ticket === undefined) return;
    changes.publish({ kind: 'tag-moved', ...place });
    logger.warn(
      { ...place, was: was?.digest, digest: ticket.digest, publication: ticket.seq },
      'an earlier promotion wrote this tag late: moved it back to the newest promotion',
    );
  }
}

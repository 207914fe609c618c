import type { Sha256Digest } from '../../../oci/digest.ts';
import type { MirrorState } from '../mirror-states.ts';
import { ASKED_MS } from './asks.ts';

/** How long a mirror that failed a client is kept from it. */
const MARKED_MS = 5 * 60_000;
/** How long suspicion lasts after a trouble was noticed. */
const SUSPECTED_MS = 2 * 60_000;
/** How long a key counts as many clients after it behaved so. */
const CROWD_MS = 2 * 60_000;
/** After this many answers of the node in two minutes, as for one large image, suspicion alone excludes no mirror. */
const SPARED_MAX = 128;
/** Mirrors remembered for one client, and blobs for one of them. */
const MIRRORS_MAX = 512;
const DOUBTED_MAX = 32;

/** A mirror seems to have failed a client. */
interface Mark {
  readonly atMs: number;
  /** The last blob that the client came back for. */
  readonly digest: Sha256Digest;
  /** How often a doubt in this blob had been refuted by then. */
  readonly clearedBefore: number;
}

/** What is known of a trouble, from the first time that the client came back until its last mark expires. */
class Trouble {
  /** When the client last came back from a redirect that was newer than what was known before. */
  noticedAtMs = Number.NEGATIVE_INFINITY;
  readonly marks = new Map<string, Mark>();
  /** The blobs that it came back for, by mirror. */
  readonly doubted = new Map<string, Set<Sha256Digest>>();
  readonly suspects = new Set<string>();

  /** The mark on a mirror, unless it has expired. */
  markOf(mirror: string, nowMs: number): Mark | undefined {
    const mark = this.marks.get(mirror);
    return mark && nowMs - mark.atMs < MARKED_MS ? mark : undefined;
  }

  isOver(nowMs: number): boolean {
    for (const { atMs } of this.marks.values()) if (nowMs - atMs < MARKED_MS) return false;
    return true;
  }

  /** Whether a mirror that the client used has since been found to be down, or to lack a blob in question. */
  isExplainedBy({ mirror: { name }, healthy, missing }: MirrorState): boolean {
    if (!healthy) return this.marks.has(name) || this.suspects.has(name);
    if (missing.size === 0) return false;
    for (const digest of this.doubted.get(name) ?? []) if (missing.has(digest)) return true;
    return false;
  }

  mark(mirror: string, mark: Mark): void {
    if (this.marks.size >= MIRRORS_MAX && !this.marks.has(mirror)) return;
    this.marks.set(mirror, mark);
    const doubted = this.doubted.get(mirror) ?? new Set();
    if (doubted.size < DOUBTED_MAX) doubted.add(mark.digest);
    this.doubted.set(mirror, doubted);
  }
}

/** Mirrors that a client should not use, or only after others. */
export interface Avoided {
  readonly excluded: Set<string>;
  readonly tried: Set<string>;
}

/**
 * What is remembered of one client: where it was sent, and which mirrors it came back from. Coming back for a blob is
 * evidence against the mirror that it was sent to, and this mirror is marked. But a client that repeats a whole pull also
 * comes back for blobs that arrived well. So all mirrors that it used until then are suspects: the next attempt avoids
 * them, unless the trouble is explained by one of them that turned out to be bad.
 */
export class TroubledClient {
  /** When it was last sent to each mirror, oldest first. */
  readonly #sentMs = new Map<string, number>();
  #trouble: Trouble | undefined;
  #crowdAtMs = Number.NEGATIVE_INFINITY;
  #spared = 0;
  #sparedSinceMs = Number.NEGATIVE_INFINITY;

  /** Notes that it was sent to a mirror. */
  sentTo(mirror: string, nowMs: number): void {
    this.#sentMs.delete(mirror);
    this.#sentMs.set(mirror, nowMs);
    for (const [oldest] of this.#sentMs) {
      if (this.#sentMs.size <= MIRRORS_MAX) break;
      this.#sentMs.delete(oldest);
    }
  }

  /** The mirrors that it was sent to since then, at most `max`, newest first. */
  mirrorsSince(sinceMs: number, max: number): string[] {
    const since = [...this.#sentMs].filter(([, atMs]) => atMs >= sinceMs).map(([mirror]) => mirror);
    return since.reverse().slice(0, max);
  }

  /** Notes that it came back for a blob for which it had been sent to a mirror at `sentAtMs`. */
  failedAt(mirror: string, mark: Mark, sentAtMs: number): void {
    const known = this.#troubleAt(mark.atMs);
    const trouble = known ?? new Trouble();
    // A redirect from before the trouble was noticed belongs to it; one that failed afterwards is a trouble of its own.
    if (known === undefined || sentAtMs > known.noticedAtMs) {
      trouble.noticedAtMs = mark.atMs;
      for (const [each, atMs] of this.#sentMs) if (mark.atMs - atMs < ASKED_MS) trouble.suspects.add(each);
    }
    trouble.mark(mirror, mark);
    this.#trouble = trouble;
  }

  /** Notes that it asks more often for one blob than a single client does: it is several behind one address. */
  actsLikeACrowd(nowMs: number): void {
    this.#crowdAtMs = nowMs;
  }

  /** Notes that the node answered, since all mirrors are excluded. */
  wasSpared(nowMs: number): void {
    if (nowMs - this.#sparedSinceMs >= ASKED_MS) {
      this.#spared = 0;
      this.#sparedSinceMs = nowMs;
    }
    this.#spared++;
  }

  /** The mirrors to avoid for now; undefined if it is in no trouble. */
  avoided(states: readonly MirrorState[], nowMs: number): Avoided | undefined {
    const trouble = this.#troubleAt(nowMs);
    if (trouble === undefined) return undefined;
    const isCrowd = nowMs - this.#crowdAtMs < CROWD_MS;
    const isHarmless = isCrowd || states.some((state) => trouble.isExplainedBy(state));
    const isSpent = nowMs - this.#sparedSinceMs < ASKED_MS && this.#spared >= SPARED_MAX;
    const areSuspected = !isHarmless && !isSpent && nowMs - trouble.noticedAtMs < SUSPECTED_MS;
    const [excluded, tried] = [new Set<string>(), new Set<string>()];
    for (const { mirror, cleared } of states) {
      const mark = trouble.markOf(mirror.name, nowMs);
      if (mark === undefined && !trouble.suspects.has(mirror.name)) continue;
      const isExcluded = mark
        ? !isHarmless || (cleared.get(mark.digest) ?? 0) <= mark.clearedBefore
        : areSuspected;
      (isExcluded ? excluded : tried).add(mirror.name);
    }
    return { excluded, tried };
  }

  #troubleAt(nowMs: number): Trouble | undefined {
    if (this.#trouble?.isOver(nowMs)) this.#trouble = undefined;
    return this.#trouble;
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import pMap from 'p-map';
import type { Sha256Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/errors.ts';
import { DigestList } from '../../storage/digest-list.ts';
import { listAll, type ObjectStore } from '../../storage/object-store.ts';
import { covers, DELETING_PREFIX, isListName, listKey, QUARANTINE_PREFIX, rescuedKey } from './keys.ts';

/**
 * How long a look at the quarantine is valid: no collection misses what a caller writes within this time of its look; a
 * caller that takes longer looks a second time. The collector lets at least {@link ANNOUNCEMENT_MIN_MS} pass between
 * announcing a list and scanning for what of it is in use.
 */
export const LOOK_GOOD_MS = 2000;
/** See {@link LOOK_GOOD_MS}: twice as long, for clocks that run differently. */
export const ANNOUNCEMENT_MIN_MS = 2 * LOOK_GOOD_MS;

/** A deletion takes a moment; if its worker died, until another worker has taken over. */
const DELETION_PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 100;
const LIST_MAX_BYTES = 4 * 1024 * 1024;
/** Lists are immutable: they are cached, up to this many bytes. */
const REMEMBERED_BYTES = 32 * 1024 * 1024;
const PUTS_AT_ONCE = 16;

/** How often content is verified before what refers to it is written: if that is never quick, it is verified once more after that. */
const LOOKS_MAX = 2;

/** A round of {@link PinnedWork.commit}. */
export interface CommitRound<V> {
  /** Once more, as the first took long: what was written then may have been collected since. */
  readonly isAgain: boolean;
  /** For a commit that had to wait before it could begin: looks and verifies again if that was long ago. */
  readonly refresh: () => Promise<V>;
}

/** What is done with pinned content. */
export interface PinnedWork<V> {
  /** Looks whether the content is there, and throws if it has to be and is not. Called more than once where it takes long. */
  readonly verify: () => Promise<V>;
  /**
   * Writes what refers to the content. Called again, with `isAgain`, when the first took long: what it refers to is there.
   */
  readonly commit?: ((verified: V, round: CommitRound<V>) => Promise<void>) | undefined;
  /** Takes back what was committed; called when the content has gone in the meantime, or that is not known. */
  readonly undo?: () => Promise<void>;
}

/** Reads the time and waits; tests have their own. */
export interface Clock {
  /** Milliseconds; never runs backwards, and includes the time that the machine sleeps. */
  now(): number;
  wait(ms: number): Promise<void>;
}

const CLOCK: Clock = { now: () => Date.now(), wait: async (ms) => void (await sleep(ms)) };

/**
 * Protects the content that a push refers to against a garbage collector that runs at the same time. The proof is in
 * docs/decisions/0009-online-garbage-collection.md: either side writes its flag before it looks for the other's, so at
 * least one of them sees the other.
 */
export class CollectionGuard {
  readonly #objects: ObjectStore;
  readonly #clock: Clock;
  readonly #lists = new LRUCache<string, DigestList>({
    maxSize: REMEMBERED_BYTES,
    sizeCalculation: ({ bytes }) => bytes.length + 500,
  });

  constructor(objects: ObjectStore, clock = CLOCK) {
    this.#objects = objects;
    this.#clock = clock;
  }

  /**
   * Pins content while somebody verifies that it is there, and then refers to it or reports it to a client. What of the
   * content was in quarantine is rescued first; what was being deleted has gone, or will stay, when `verify` runs. All of
   * that is done again until it was quick, and once more after a `commit` that was not. Costs one listing. Returns what
   * was verified last. Throws UNAVAILABLE when a deletion does not end.
   */
  async pin<V>(digests: readonly Sha256Digest[], { verify, commit, undo }: PinnedWork<V>): Promise<V> {
    const rescued = new Set<string>();
    let lookedAt: number;
    let verified: V;
    let looks = 0;
    do {
      lookedAt = this.#clock.now();
      await this.rescue(digests, rescued);
      verified = await verify();
    } while (!this.#isRecent(lookedAt) && ++looks < LOOKS_MAX);
    const refresh = async () => {
      if (this.#isRecent(lookedAt)) return verified;
      lookedAt = this.#clock.now();
      await this.rescue(digests, rescued);
      verified = await verify();
      return verified;
    };
    await commit?.(verified, { isAgain: false, refresh });
    if (this.#isRecent(lookedAt)) return verified;
    // Content may have come into quarantine and gone since. What refers to it is written now, so every scan from here on
    // sees that: what is still there after another look stays.
    try {
      await this.rescue(digests, rescued);
      verified = await verify();
    } catch (error) {
      await undo?.();
      throw error;
    }
    await commit?.(verified, { isAgain: true, refresh: async () => verified });
    return verified;
  }

  #isRecent(lookedAt: number): boolean {
    const tookMs = this.#clock.now() - lookedAt;
    return tookMs >= 0 && tookMs < LOOK_GOOD_MS;
  }

  /**
   * Takes content out of quarantine, and waits until it is certain what became of it; returns what was there. `rescued`
   * gathers the flags that were written.
   */
  async rescue(
    digests: readonly Sha256Digest[],
    rescued: Set<string> = new Set(),
  ): Promise<readonly Sha256Digest[]> {
    const listed = await this.#listed(digests);
    if (listed.length === 0) return [];
    const fresh = listed.filter(({ key }) => !rescued.has(key));
    await pMap(fresh, ({ key }) => this.#objects.put(key, Buffer.alloc(0)), { concurrency: PUTS_AT_ONCE });
    for (const { key } of fresh) rescued.add(key);
    await this.#outwaitDeletions(listed);
    return [...new Set(listed.map(({ digest }) => digest))];
  }

  /** Which of the digests are on lists, and the keys by which to rescue them. */
  async #listed(digests: readonly Sha256Digest[]): Promise<Listed[]> {
    const listed: Listed[] = [];
    for await (const list of listNames(this.#objects)) {
      const near = digests.filter((digest) => covers(list, digest));
      const content = near.length > 0 ? await this.#read(list) : undefined;
      for (const digest of near)
        if (content?.has(digest)) listed.push({ list, digest, key: rescuedKey(list, digest) });
    }
    return listed;
  }

  /** A list's content; undefined when the list has been processed since it was listed. */
  async #read(list: string): Promise<DigestList | undefined> {
    const known = this.#lists.get(list);
    if (known) return known;
    const read = await readList(this.#objects, list);
    if (read) this.#lists.set(list, read);
    return read;
  }

  async #outwaitDeletions(listed: readonly Listed[]): Promise<void> {
    const deadline = this.#clock.now() + DELETION_PATIENCE_MS;
    while (await this.#isDeleting(listed)) {
      if (this.#clock.now() > deadline) throw unavailable();
      await this.#clock.wait(LOOK_AGAIN_MS);
    }
  }

  async #isDeleting(listed: readonly Listed[]): Promise<boolean> {
    for await (const { key } of listAll(this.#objects, { prefix: DELETING_PREFIX })) {
      const [list, range = ''] = key.slice(DELETING_PREFIX.length).split('/');
      if (listed.some((each) => each.list === list && covers(range, each.digest))) return true;
    }
    return false;
  }
}

interface Listed {
  readonly list: string;
  readonly digest: Sha256Digest;
  /** Of the flag that rescues it. */
  readonly key: string;
}

/** The names of all lists. */
export async function* listNames(objects: ObjectStore, signal?: AbortSignal): AsyncGenerator<string> {
  for await (const { key } of listAll(objects, { prefix: QUARANTINE_PREFIX }, signal)) {
    const name = key.slice(QUARANTINE_PREFIX.length);
    if (isListName(name)) yield name;
  }
}

/** A list; undefined when it does not exist (any more). */
export async function readList(
  objects: ObjectStore,
  list: string,
  signal?: AbortSignal,
): Promise<DigestList | undefined> {
  const bytes = await objects.read(listKey(list), LIST_MAX_BYTES, signal);
  return bytes && new DigestList(bytes);
}

function unavailable(): RegistryError {
  return new RegistryError(
    'UNAVAILABLE',
    'the garbage collection is deleting this content at the moment: try again in a few seconds',
  );
}

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { tagClaimKey, tagClaimsPrefix, tagCurrentKey } from '../storage/layout.ts';
import { listAll, type ObjectStore } from '../storage/object-store.ts';
import { readLink } from './link.ts';
import { readTagName, recordTagName, type TagTarget } from './tag-names.ts';

/** What a client says that a tag names: nothing yet, anything at all, or one of these. */
export type TagCondition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present' }
  | { readonly kind: 'one-of'; readonly digests: readonly Digest[] };

/** So long a claim holds should its holder die; far longer than a look and a write take. */
const CLAIM_MS = 10_000;
/** Clocks of nodes may differ by so much before two claims could overlap. */
const SKEW_MS = 5_000;
const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 25;

const ClaimSchema = z.object({ until: z.number() });

/**
 * Conditional moves of tags, on stores that have no conditional replace. Clients that move a tag under a condition take
 * turns: each claims the next number (a conditional create, so one gets it), looks, writes, and gives the claim up. A
 * claim is never deleted before a higher one is there, so whoever holds the highest number holds the turn. Unconditional moves do not ask:
 * whoever makes them has said that it does not matter what the tag named.
 */
export class TagMoves {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  /** Writes the tag's link if the condition holds; throws TAG_MOVED if not, UNAVAILABLE when its turn does not come. */
  async moveIf(
    name: RepositoryName,
    tag: Tag,
    target: TagTarget,
    link: Buffer,
    condition: TagCondition,
    signal?: AbortSignal,
  ): Promise<void> {
    const key = tagCurrentKey(name, tag);
    if (condition.kind === 'absent') {
      // What the store can do by itself needs no turns.
      if ((await this.#objects.putIfAbsent(key, link, signal)) === 'exists')
        throw moved(await readLink(this.#objects, key));
      // Late, but nobody else's: before, it might have been that of whoever was first.
      await recordTagName(this.#objects, name, tag, target, signal);
      return;
    }
    const claim = await this.#claim(name, tag, signal);
    try {
      await this.check(name, tag, condition, signal);
      if (Date.now() > claim.until) throw outOfTime();
      await recordTagName(this.#objects, name, tag, target, signal);
      await this.#objects.put(key, link, signal && { signal });
    } finally {
      await this.#giveUp(name, tag, claim.turn);
    }
  }

  /** Throws TAG_MOVED unless the condition holds now. */
  async check(name: RepositoryName, tag: Tag, condition: TagCondition, signal?: AbortSignal): Promise<void> {
    const stored = await readLink(this.#objects, tagCurrentKey(name, tag), signal);
    if (stored === undefined) {
      if (condition.kind !== 'absent') throw moved(undefined);
      return;
    }
    const digest = await readTagName(this.#objects, name, tag, stored, signal);
    const holds =
      condition.kind === 'present' ||
      (condition.kind === 'one-of' && [stored, digest].some((each) => condition.digests.includes(each)));
    if (!holds) throw moved(digest);
  }

  async #claim(
    name: RepositoryName,
    tag: Tag,
    signal?: AbortSignal,
  ): Promise<{ turn: number; until: number }> {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      signal?.throwIfAborted();
      const highest = await this.#highest(name, tag, signal);
      if (highest.until + SKEW_MS < Date.now()) {
        const claim = { turn: highest.turn + 1, until: Date.now() + CLAIM_MS };
        const body = Buffer.from(JSON.stringify({ until: claim.until }));
        const key = tagClaimKey(name, tag, claim.turn);
        if ((await this.#objects.putIfAbsent(key, body, signal)) === 'created') {
          if ((await this.#highest(name, tag, signal)).turn === claim.turn) return claim;
          // Higher numbers came and went since the look, and this one was cleared away meanwhile: it is nobody's turn.
          await this.#objects.delete([key], signal);
        }
      }
      await sleep(LOOK_AGAIN_MS, undefined, signal && { signal });
    }
    throw outOfTime();
  }

  async #highest(
    name: RepositoryName,
    tag: Tag,
    signal?: AbortSignal,
  ): Promise<{ turn: number; until: number }> {
    const prefix = tagClaimsPrefix(name, tag);
    let last: string | undefined;
    for await (const { key } of listAll(this.#objects, { prefix }, signal)) last = key;
    const bytes = last && (await this.#objects.read(last, 1024, signal));
    if (last === undefined) return { turn: 0, until: 0 };
    // A still higher one has come, and its holder has cleared this one away.
    if (!bytes) return this.#highest(name, tag, signal);
    return {
      turn: Number(last.slice(prefix.length)),
      until: ClaimSchema.parse(JSON.parse(bytes.toString('utf8'))).until,
    };
  }

  /** Lets the next one in at once, and clears away those before. */
  async #giveUp(name: RepositoryName, tag: Tag, turn: number): Promise<void> {
    await this.#objects.put(tagClaimKey(name, tag, turn), Buffer.from('{"until":0}'));
    const prefix = tagClaimsPrefix(name, tag);
    const lower: string[] = [];
    for await (const { key } of listAll(this.#objects, { prefix }))
      if (key < tagClaimKey(name, tag, turn)) lower.push(key);
    await this.#objects.delete(lower);
  }
}

function moved(now: Digest | undefined): RegistryError {
  return new RegistryError(
    'TAG_MOVED',
    now === undefined
      ? 'there is no such tag: push without If-Match, or with If-None-Match: *, to make it'
      : `the tag names ${now} now: look at it before you move it`,
    { current: now ?? null },
  );
}

function outOfTime(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'others are moving this tag: try again');
}

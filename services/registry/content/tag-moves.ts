import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { RepositoryName, Tag } from '../oci/names.ts';
import { parseJson } from '../storage/json.ts';
import { tagClaimKey, tagClaimsPrefix, tagCurrentKey } from '../storage/layout.ts';
import { Numbered } from '../storage/numbered.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { linkTo, readLink, writeLink } from './link.ts';
import { readTagName, recordTagName, type TagTarget } from './tag-names.ts';

/** What a client says that a tag names: nothing yet, anything at all, or one of these. */
export type TagCondition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present' }
  | { readonly kind: 'one-of'; readonly digests: readonly Digest[] };

/** How long a claim is valid if its owner dies; far longer than a look and a write take. */
const CLAIM_MS = 10_000;
/** How far the clocks of nodes may differ before two claims could overlap. */
const SKEW_MS = 5_000;
const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 25;

const ClaimSchema = z.object({ until: z.number() });

/** The right to move a tag. */
interface Claim {
  readonly number: number;
  /** When it ends, milliseconds since 1970. */
  readonly until: number;
}

/**
 * Moves a tag if the condition holds, on stores that have no conditional replace; throws TAG_MOVED if it does not,
 * UNAVAILABLE if others keep the tag busy. Of clients that move a tag under a condition, one at a time claims the next
 * number (a conditional create, so one gets it), looks, writes, and gives the claim up. A claim is never deleted before a
 * higher one exists, so the highest number is the one that is valid. Unconditional moves need no claim: their clients do
 * not care what the tag named before.
 */
export async function moveTagIf(
  objects: ObjectStore,
  name: RepositoryName,
  tag: Tag,
  target: TagTarget,
  condition: TagCondition,
): Promise<void> {
  const key = tagCurrentKey(name, tag);
  if (condition.kind === 'absent') {
    // The store can do this by itself, without a claim.
    if ((await objects.putIfAbsent(key, linkTo(target.canonicalDigest))) === 'exists')
      throw moved(await readLink(objects, key));
    // After the create, so that it belongs to this client; written before, it could change another one's tag.
    await recordTagName(objects, name, tag, target);
    return;
  }
  const claims = claimsOf(objects, name, tag);
  const claim = await takeClaim(objects, claims);
  try {
    await checkTag(objects, name, tag, condition);
    if (Date.now() > claim.until) throw outOfTime();
    await recordTagName(objects, name, tag, target);
    await writeLink(objects, key, target.canonicalDigest);
  } finally {
    await giveUp(claims, claim);
  }
}

/** Throws TAG_MOVED unless the condition holds now. */
export async function checkTag(
  objects: ObjectStore,
  name: RepositoryName,
  tag: Tag,
  condition: TagCondition,
): Promise<void> {
  const stored = await readLink(objects, tagCurrentKey(name, tag));
  if (stored === undefined) {
    if (condition.kind !== 'absent') throw moved(undefined);
    return;
  }
  const digest = await readTagName(objects, name, tag, stored);
  const holds =
    condition.kind === 'present' ||
    (condition.kind === 'one-of' && [stored, digest].some((each) => condition.digests.includes(each)));
  if (!holds) throw moved(digest);
}

/** Claims the next number, as soon as the highest claim has ended. */
async function takeClaim(objects: ObjectStore, claims: Numbered): Promise<Claim> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const highest = await highestClaim(claims);
    if (highest.until + SKEW_MS < Date.now()) {
      const claim = { number: highest.number + 1, until: Date.now() + CLAIM_MS };
      const body = Buffer.from(JSON.stringify({ until: claim.until }));
      if ((await claims.putIfAbsent(claim.number, body)) === 'created') {
        if ((await highestClaim(claims)).number === claim.number) return claim;
        // Since the look, higher numbers came and went, and this one was deleted: the claim is void.
        await objects.delete([claims.keyOf(claim.number)]);
      }
    }
    await sleep(LOOK_AGAIN_MS);
  }
  throw outOfTime();
}

function claimsOf(objects: ObjectStore, name: RepositoryName, tag: Tag): Numbered {
  const keyOf = (number: number) => tagClaimKey(name, tag, number);
  return new Numbered(objects, { prefix: tagClaimsPrefix(name, tag), keyOf, maxBytes: 1024 });
}

async function highestClaim(claims: Numbered): Promise<Claim> {
  const newest = await claims.newest();
  if (newest === undefined) return { number: 0, until: 0 };
  return { number: newest.number, ...parseJson(ClaimSchema, newest.bytes) };
}

/** Lets the next one in at once, and deletes the claims before this one. */
async function giveUp(claims: Numbered, { number }: Claim): Promise<void> {
  await claims.overwrite(number, Buffer.from('{"until":0}'));
  await claims.deleteBelow(number);
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

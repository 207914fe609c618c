import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/errors.ts';
import type { TagTarget } from './tag-names.ts';

/** What a client says that a tag names: nothing yet, anything at all, or one of these. */
export type TagCondition =
  | { readonly kind: 'absent' }
  | { readonly kind: 'present' }
  | { readonly kind: 'one-of'; readonly digests: readonly Digest[] };

/**
 * Throws TAG_MOVED unless a tag, which names `now`, is as the client says. One that names what the client pushes is: an
 * earlier attempt of the same push may have moved it, and its answer may be lost.
 */
export function checkCondition(condition: TagCondition, now: TagTarget | undefined, pushed: TagTarget): void {
  if (now?.canonicalDigest === pushed.canonicalDigest || holds(condition, now)) return;
  throw new RegistryError(
    'TAG_MOVED',
    now === undefined
      ? 'there is no such tag: push without If-Match, or with If-None-Match: *, to make it'
      : `the tag names ${now.digest} now: look at it before you move it`,
    { current: now?.digest ?? null },
  );
}

function holds(condition: TagCondition, now: TagTarget | undefined): boolean {
  if (condition.kind === 'absent') return now === undefined;
  if (condition.kind === 'present') return now !== undefined;
  return (
    now !== undefined && [now.canonicalDigest, now.digest].some((each) => condition.digests.includes(each))
  );
}

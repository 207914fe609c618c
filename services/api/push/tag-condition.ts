import { type EntityTags, parseEntityTags } from '../../http/conditional.ts';
import type { RouteContext } from '../../http/context.ts';
import type { TagCondition } from '../../registry/content/tag-condition.ts';
import { type Digest, isDigest } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { Tag } from '../../registry/oci/names.ts';

/**
 * What a client says that the tag names now: `If-Match: "<digest>"` (or `*` for anything), or `If-None-Match: *` for
 * nothing yet (RFC 9110, section 13.1; a manifest's entity tag is its digest). Undefined when it says nothing.
 */
export function parseTagCondition(ctx: RouteContext, tags: readonly Tag[]): TagCondition | undefined {
  const match = entityTags(ctx, 'If-Match');
  const noneMatch = entityTags(ctx, 'If-None-Match');
  if (match === undefined && noneMatch === undefined) return undefined;
  if (match !== undefined && noneMatch !== undefined)
    throw invalid('If-Match and If-None-Match cannot both hold: send one');
  if (tags.length !== 1) throw invalid('a condition is about one tag: push to it, or with one ?tag=');
  if (noneMatch !== undefined && noneMatch !== '*')
    throw invalid('If-None-Match takes * here: push only if there is no such tag');
  if (noneMatch === '*') return { kind: 'absent' };
  if (match === '*') return { kind: 'present' };
  // A weak tag is never a match here (section 13.1.1).
  const strong = (match ?? []).filter(({ isWeak }) => !isWeak).map(({ text }) => text);
  const digests: Digest[] = strong.filter(isDigest);
  return { kind: 'one-of', digests };
}

function entityTags(ctx: RouteContext, header: string): EntityTags | undefined {
  const tags = parseEntityTags(ctx.get(header));
  if (tags !== 'malformed') return tags;
  throw invalid(`${header} is a list of entity tags, such as "sha256:..." with its quotes, or *`);
}

function invalid(message: string): RegistryError {
  return new RegistryError('PARAMETER_INVALID', message);
}

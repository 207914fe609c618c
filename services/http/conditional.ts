/** An entity tag without its quotes (RFC 9110, section 8.8.3). */
export interface EntityTag {
  readonly text: string;
  readonly isWeak: boolean;
}

/** The entity tags that a condition names (RFC 9110, section 13.1); `*` for any. */
export type EntityTags = '*' | readonly EntityTag[];

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
const MEMBERS_MAX = 100;

/** Reads `If-Match` or `If-None-Match`; undefined for an empty header, `malformed` when it is not a list of entity tags. */
export function parseEntityTags(header: string): EntityTags | 'malformed' | undefined {
  const text = header.trim();
  if (text === '') return undefined;
  if (text === '*') return '*';
  // Digests have no commas, so a tag with one cannot be ours.
  const members = text.split(',', MEMBERS_MAX + 1);
  if (members.length > MEMBERS_MAX) return 'malformed';
  const tags: EntityTag[] = [];
  for (const member of members) {
    const match = ENTITY_TAG.exec(member.trim());
    if (match) tags.push({ text: match[2] ?? '', isWeak: match[1] !== undefined });
    // Empty members are allowed, and ignored (section 5.6.1).
    else if (member.trim() !== '') return 'malformed';
  }
  return tags;
}

/** Whether `If-None-Match` names this content already (304). The comparison is weak. */
export function isNotModified(ifNoneMatch: string, entityTag: string): boolean {
  const tags = parseEntityTags(ifNoneMatch);
  if (tags === undefined || tags === 'malformed') return false;
  return tags === '*' || tags.some(({ text }) => text === entityTag);
}

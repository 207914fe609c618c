/** An entity tag without its quotes (RFC 9110, section 8.8.3). */
export interface EntityTag {
  readonly text: string;
  readonly isWeak: boolean;
}

/** The entity tags that a condition names (RFC 9110, section 13.1); `*` for any. */
export type EntityTags = '*' | readonly EntityTag[];

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;
const MEMBERS_MAX = 100;

/** Reads `If-Match` or `If-None-Match`; undefined when there is none, `malformed` when it is no list of entity tags. */
export function parseEntityTags(header: string): EntityTags | 'malformed' | undefined {
  const text = header.trim();
  if (text === '') return undefined;
  if (text === '*') return '*';
  // No digest holds a comma, so a tag that does cannot be one of ours.
  const members = text.split(',', MEMBERS_MAX + 1);
  if (members.length > MEMBERS_MAX) return 'malformed';
  const tags: EntityTag[] = [];
  for (const member of members) {
    const match = ENTITY_TAG.exec(member.trim());
    if (match) tags.push({ text: match[2] ?? '', isWeak: match[1] !== undefined });
    // Empty members are to be taken, and mean nothing (section 5.6.1).
    else if (member.trim() !== '') return 'malformed';
  }
  return tags;
}

/** Whether a request with this `If-None-Match` may be told that it has the content already; weak tags count here. */
export function isNotModified(ifNoneMatch: string, entityTag: string): boolean {
  const tags = parseEntityTags(ifNoneMatch);
  if (tags === undefined || tags === 'malformed') return false;
  return tags === '*' || tags.some(({ text }) => text === entityTag);
}

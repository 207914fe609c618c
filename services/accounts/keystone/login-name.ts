/** A name, and its domain unless that is the default one. */
export interface SpelledName {
  readonly name: string;
  readonly domain: string | undefined;
}

/** A parsed login name. */
export type LoginName =
  | { readonly kind: 'user'; readonly user: SpelledName; readonly project: SpelledName | undefined }
  | { readonly kind: 'trustee'; readonly user: SpelledName; readonly trustId: string }
  | { readonly kind: 'application-credential'; readonly id: string }
  | { readonly kind: 'token' };

/** Before an application credential's id in login names, where its secret is the password; and before its name in ours. */
export const APPLICATION_CREDENTIAL_PREFIX = 'appcred+';
/** Before the id of a trust, in login names and in the names of those who use it. */
export const TRUST_PREFIX = 'trust+';
const ID = /^[A-Za-z0-9-]{1,64}$/;
/** The login name when the password is a Keystone token. */
const TOKEN_LOGIN = 'keystone-token';

/** Keystone's own limit for names of users, projects and domains. */
const NAME_MAX_CHARACTERS = 255;

/**
 * Parses a login name: `user`, `user@Domain`, `project/user`, `project@Domain/user@Domain`, `trust+ID/user`, `appcred+ID`
 * or `keystone-token`. In a name, `%40`, `%2F` and `%3A` stand for `@`, `/` and `:`, which would separate parts, or the
 * password. Undefined for anything else.
 */
export function parseLoginName(text: string): LoginName | undefined {
  if (text === TOKEN_LOGIN) return { kind: 'token' };
  if (text.startsWith(APPLICATION_CREDENTIAL_PREFIX)) {
    const id = text.slice(APPLICATION_CREDENTIAL_PREFIX.length);
    return ID.test(id) ? { kind: 'application-credential', id } : undefined;
  }
  const parts = text.split('/');
  if (parts.length > 2) return undefined;
  const user = parseName(parts.at(-1) ?? '');
  if (user === undefined) return undefined;
  const [before] = parts.slice(0, -1);
  if (before === undefined) return { kind: 'user', user, project: undefined };
  if (before.startsWith(TRUST_PREFIX)) {
    const trustId = before.slice(TRUST_PREFIX.length);
    return ID.test(trustId) ? { kind: 'trustee', user, trustId } : undefined;
  }
  const project = parseName(before);
  return project && { kind: 'user', user, project };
}

function parseName(text: string): SpelledName | undefined {
  const [name, domain, ...rest] = text.split('@').map(decoded);
  if (rest.length > 0 || !isName(name) || (text.includes('@') && !isName(domain))) return undefined;
  return { name, domain };
}

function isName(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text.length <= NAME_MAX_CHARACTERS;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * The name of something in Keystone for rules and records: its bare name in the default domain, else `name@Domain`.
 * Separators and invisible characters are encoded as in {@link parseLoginName}, so that names are unambiguous.
 */
export function canonicalName(name: string, domain: string | undefined): string {
  return domain === undefined ? encoded(name) : `${encoded(name)}@${encoded(domain)}`;
}

/** Encodes a name for use in one whose parts are separated by `+`. */
export function canonicalPart(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('+', '%2B');
}

function encoded(name: string): string {
  return name.replace(/[%@/:\p{Cc}\p{Cf}\p{Z}]/gu, encodeURIComponent);
}

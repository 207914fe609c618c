import { ROBOT_PREFIX } from '../../registry/access/subject.ts';
import { RegistryError } from '../../registry/oci/errors.ts';

export type Claims = Readonly<Record<string, unknown>>;

const NAME_MAX_CHARACTERS = 255;
const EMAIL_VERIFIED = 'email_verified';
const GROUPS_MAX = 1000;
/** Invisible characters, and those that change the direction of text. */
const UNSEEN = /\p{C}|\p{Zl}|\p{Zp}/u;

/**
 * The user's name in claims. Throws DENIED when it is missing, not verified, a robot's, or cannot be sent by
 * `docker login`.
 */
export function nameOf(claims: Claims, claim: string): string {
  const name = claims[claim];
  if (typeof name !== 'string' || name === '')
    throw refused(`the provider gives no name for you (claim ${claim})`);
  // Otherwise anyone who can write any address into their account could be anyone.
  if (vouchedBy(claim).some((voucher) => claims[voucher] !== true))
    throw refused('the provider has not verified that your e-mail address is yours');
  const problem = problemOf(name);
  if (problem !== undefined) throw refused(`your name at the provider cannot be used here: ${problem}`);
  return name;
}

/** The claims that say whether the name is verified. */
export function vouchedBy(claim: string): readonly string[] {
  return claim === 'email' ? [EMAIL_VERIFIED] : [];
}

/** The user's groups in claims; empty without the claim. Throws DENIED when they are not names. */
export function groupsOf(claims: Claims, claim: string): readonly string[] {
  const given = claims[claim] ?? [];
  const groups: unknown[] = Array.isArray(given) ? given : [given];
  if (groups.length > GROUPS_MAX) throw refused(`you are in more than ${GROUPS_MAX} groups`);
  // A group that is left out might be one that rules deny something.
  if (!groups.every((group) => typeof group === 'string' && group.length <= NAME_MAX_CHARACTERS))
    throw refused(`the provider's list of your groups (claim ${claim}) has entries that are not names`);
  return [...new Set(groups as string[])].filter((group) => group !== '');
}

function problemOf(name: string): string | undefined {
  if (name.length > NAME_MAX_CHARACTERS) return `it has more than ${NAME_MAX_CHARACTERS} characters`;
  if (name.startsWith(ROBOT_PREFIX)) return `names that begin with ${ROBOT_PREFIX} are robots'`;
  if (name.includes(':')) return 'it has a colon, at which clients would split it from the password';
  if (UNSEEN.test(name) || !name.isWellFormed()) return 'it has characters that cannot be seen';
  if (name.trim() !== name) return 'it begins or ends with a space';
  return undefined;
}

function refused(message: string): RegistryError {
  return new RegistryError('DENIED', message);
}

import { ROBOT_PREFIX } from '../../registry/access/subject.ts';
import { RegistryError } from '../../registry/oci/errors.ts';

export interface ClaimNames {
  /** The claim that is the user's name. */
  readonly name: string;
  /** The claim that holds their groups. */
  readonly groups: string;
}

export type Claims = Readonly<Record<string, unknown>>;

const NAME_MAX_CHARACTERS = 255;
const EMAIL_VERIFIED = 'email_verified';
const GROUPS_MAX = 1000;
/** Nothing that cannot be seen, or turns the order of what can. */
const UNSEEN = /\p{C}|\p{Zl}|\p{Zp}/u;

/**
 * The name that claims give somebody. Throws DENIED where it is none that could be used here: one that is missing, not
 * verified, a robot's, or cannot be sent as `docker login` does.
 */
export function nameOf(claims: Claims, claim: string): string {
  const name = claims[claim];
  if (typeof name !== 'string' || name === '')
    throw refused(`the provider tells no name for you (the claim ${claim})`);
  // Whoever may write any address into their account would be whoever they like.
  if (vouchedBy(claim).some((voucher) => claims[voucher] !== true))
    throw refused('the provider has not verified that your e-mail address is yours');
  const problem = problemOf(name);
  if (problem !== undefined) throw refused(`your name at the provider cannot be used here: ${problem}`);
  return name;
}

/** The claims that say whether the claim with the name may be believed. */
export function vouchedBy(claim: string): readonly string[] {
  return claim === 'email' ? [EMAIL_VERIFIED] : [];
}

/** The groups that claims put somebody into; none where they say nothing of them. Throws DENIED where they are no names. */
export function groupsOf(claims: Claims, claim: string): readonly string[] {
  const told = claims[claim] ?? [];
  const groups: unknown[] = Array.isArray(told) ? told : [told];
  if (groups.length > GROUPS_MAX) throw refused(`you are in more than ${GROUPS_MAX} groups`);
  // One that was left out might be one that is denied something.
  if (!groups.every((group) => typeof group === 'string' && group.length <= NAME_MAX_CHARACTERS))
    throw refused(`what the provider tells as your groups (the claim ${claim}) are no names`);
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

import type { Algorithm } from '../support/digest.ts';

/** Which edition of the specification a registry is held to, and what it is known to do beyond it. */
export interface Profile {
  /** `1.1` is the newest release; `dev` is the main branch, as of 97274622, and holds all of 1.1 too. */
  readonly version: '1.1' | 'dev';
  /** Of which blobs it mounts one without being told from where, a MAY; of all unless given. */
  readonly mountsFromAnywhere?: readonly Algorithm[];
  /** Codes of errors that the specification's list lacks and that are answered all the same. */
  readonly ownErrorCodes?: readonly string[];
  /** How long other nodes may answer as before a change: the stated bound, of which busy machines use more. At once unless given. */
  readonly lagMs?: number;
}

/** A repository to work in, and another to mount from; both may be empty or new. */
export const REPOSITORY = 'conformance/one';
export const OTHER_REPOSITORY = 'conformance/two';

/** The main branch asks for `Docker-Content-Digest` where 1.1 only allowed it. */
export function requiresDigest(profile: Profile): boolean {
  return profile.version === 'dev';
}

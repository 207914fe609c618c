/** A project of OpenStack, or what another source of accounts calls one, and what somebody is in it. */
export interface Membership {
  /** By its name alone in the default domain, `name@domain` in any other. */
  readonly project: string;
  readonly roles: readonly string[];
}

/** Who somebody is: what accounts tell of them, and nothing that they say of themselves. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'robot';
  /**
   * The name that rules and records know them by; empty for the anonymous. Of two sources of accounts, names of all
   * but the first end in `@<source>`, so that nobody is taken for another one.
   */
  readonly name: string;
  readonly groups: readonly string[];
  readonly memberships: readonly Membership[];
}

/** Somebody, and where they ask from: all that a rule can look at. */
export interface Subject extends Identity {
  /** The client's IP address. */
  readonly address: string;
}

export const ANONYMOUS: Identity = { kind: 'anonymous', name: '', groups: [], memberships: [] };

/** Robots' names begin so; nobody else's may. */
export const ROBOT_PREFIX = 'robot+';

/** Whether a name is that of a robot: of ours, or of what a user of Keystone handed on (application credential, trust). */
export function isRobotName(name: string): boolean {
  return /^(?:robot|appcred|trust)\+/.test(name);
}

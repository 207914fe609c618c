/** A project, such as OpenStack's, and a user's roles in it. */
export interface Membership {
  /** The name alone in the default domain, `name@domain` in any other. */
  readonly project: string;
  readonly roles: readonly string[];
}

/** An identity as a source of accounts established it; nothing in it is the client's own claim. */
export interface Identity {
  readonly kind: 'anonymous' | 'user' | 'robot';
  /**
   * The name in rules and records; empty for anonymous clients. Names of all sources of accounts but the first end in
   * `@<source>`, so that they cannot be confused.
   */
  readonly name: string;
  readonly groups: readonly string[];
  readonly memberships: readonly Membership[];
}

/** An identity and its address: everything that a rule can look at. */
export interface Subject extends Identity {
  /** The client's IP address. */
  readonly address: string;
}

export const ANONYMOUS: Identity = { kind: 'anonymous', name: '', groups: [], memberships: [] };

/** Names of robots begin with this; no other name may. */
export const ROBOT_PREFIX = 'robot+';

/** Whether a name belongs to a robot: one of ours, or a credential delegated in Keystone. */
export function isRobotName(name: string): boolean {
  return /^(?:robot|appcred|trust)\+/.test(name);
}

import type { ByNameOrId } from '../../openstack/auth-request.ts';
import type { Token } from '../../openstack/token.ts';
import type { Identity, Membership } from '../../registry/access/subject.ts';
import { APPLICATION_CREDENTIAL_PREFIX, canonicalName, canonicalPart, TRUST_PREFIX } from './login-name.ts';

/** A domain as Keystone tells of it. */
interface Domain {
  readonly id: string;
  readonly name: string;
}

/** Names of Keystone's as rules know them, given the domain in which they stand alone. */
export class Names {
  readonly #domain: string;

  constructor(domain: string) {
    this.#domain = domain;
  }

  /** The default domain, for requests. Its id is `default` in every installation, so that word means it, too. */
  get defaultDomain(): ByNameOrId {
    return this.#domain === 'default' ? { id: 'default' } : { name: this.#domain };
  }

  of({ name, domain }: { readonly name: string; readonly domain: Domain }): string {
    return canonicalName(name, this.isDefault(domain) ? undefined : domain.name);
  }

  isDefault({ id, name }: Domain): boolean {
    return this.#domain === 'default' ? id === 'default' : name === this.#domain;
  }
}

/** What somebody is in the project of a token; undefined where it is for none. */
export function membershipOf({ project, roles }: Token, names: Names): Membership | undefined {
  if (project === undefined) return undefined;
  return { project: names.of(project), roles: roles.map(({ name }) => canonicalName(name, undefined)) };
}

/** Whether a token says all that its user may do, and no less than that: neither a part that was handed on. */
export function isWhole(token: Token): boolean {
  return token.application_credential === undefined && token['OS-TRUST:trust'] === undefined;
}

/**
 * Who acts by a token. Whoever has an application credential or a trust was handed a part of a user's rights, roles in
 * one project: they are a robot with these, and not that user, whose own repositories nobody handed them.
 */
export function identityOf(
  token: Token,
  memberships: readonly Membership[],
  groups: readonly string[],
  names: Names,
): Identity {
  const user = names.of(token.user);
  const { application_credential: credential, 'OS-TRUST:trust': trust } = token;
  const as = (name: string): Identity => ({ kind: 'robot', name, groups: [], memberships });
  if (credential)
    return as(
      `${APPLICATION_CREDENTIAL_PREFIX}${canonicalPart(user)}+${canonicalPart(canonicalName(credential.name, undefined))}`,
    );
  if (trust) return as(`${TRUST_PREFIX}${canonicalPart(user)}+${canonicalPart(trust.id)}`);
  return { kind: 'user', name: user, groups, memberships };
}

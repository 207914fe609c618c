import type { ByNameOrId } from '../../openstack/auth-request.ts';
import type { Token } from '../../openstack/token.ts';
import type { Identity, Membership } from '../../registry/access/subject.ts';
import { APPLICATION_CREDENTIAL_PREFIX, canonicalName, canonicalPart, TRUST_PREFIX } from './login-name.ts';

/** A domain in Keystone's answers. */
interface Domain {
  readonly id: string;
  readonly name: string;
}

/** Keystone's names as rules know them: those of the default domain without a suffix. */
export class Names {
  readonly #domain: string;

  constructor(domain: string) {
    this.#domain = domain;
  }

  /** The default domain, for requests. `default` is its id in every installation, so it is accepted as a name too. */
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

/** The user's roles in the project of a token; undefined for a token without a project. */
export function membershipOf({ project, roles }: Token, names: Names): Membership | undefined {
  if (project === undefined) return undefined;
  return { project: names.of(project), roles: roles.map(({ name }) => canonicalName(name, undefined)) };
}

/** Whether a token carries all rights of its user, and not only a delegated part. */
export function isWhole(token: Token): boolean {
  return token.application_credential === undefined && token['OS-TRUST:trust'] === undefined;
}

/**
 * The identity of a token. An application credential or a trust delegates a part of a user's rights, roles in one project:
 * it becomes a robot with these roles, not that user, whose own repositories were not delegated.
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

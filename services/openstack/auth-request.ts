/** By name or by id. Keystone's names are unique only within a domain. */
export type ByNameOrId = { readonly name: string } | { readonly id: string };

/** Something whose name is unique within a domain; an id implies the domain. */
export type InDomain = { readonly id: string } | { readonly name: string; readonly domain: ByNameOrId };

/** Credentials for Keystone. An application credential by name needs its user. */
export type Proof =
  | { readonly method: 'password'; readonly user: InDomain; readonly password: string }
  | { readonly method: 'token'; readonly token: string }
  | {
      readonly method: 'application_credential';
      readonly credential: { readonly id: string } | { readonly name: string; readonly user: InDomain };
      readonly secret: string;
    };

/** The scope of a requested token. An application credential implies its scope. */
export type AuthScope =
  | { readonly project: InDomain }
  | { readonly trustId: string }
  /** No scope, even if the user has a default project. */
  | 'unscoped';

/** The id of the domain that every installation has. */
export const DEFAULT_DOMAIN: ByNameOrId = { id: 'default' };

/**
 * The body of POST /v3/auth/tokens of the Identity API v3
 * (docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management).
 */
export function authRequest(proof: Proof, scope?: AuthScope): object {
  return { auth: { identity: identityOf(proof), ...(scope && { scope: scopeOf(scope) }) } };
}

function identityOf(proof: Proof): object {
  const methods = [proof.method];
  switch (proof.method) {
    case 'password':
      return { methods, password: { user: { ...proof.user, password: proof.password } } };
    case 'token':
      return { methods, token: { id: proof.token } };
    case 'application_credential':
      return { methods, application_credential: { ...proof.credential, secret: proof.secret } };
  }
}

function scopeOf(scope: AuthScope): object | string {
  if (scope === 'unscoped') return scope;
  if ('trustId' in scope) return { 'OS-TRUST:trust': { id: scope.trustId } };
  return scope;
}

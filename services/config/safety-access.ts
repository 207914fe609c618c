import { isLoopback } from '../registry/access/networks.ts';
import { SECRET_MIN_CHARACTERS } from '../registry/storage/secret-box.ts';
import { isPlainBeyond, isReachable, print } from './reach.ts';
import type { Config } from './schema.ts';

/** Problems with users, tokens and rules: contradictions, and open access; each line names a key. */
export function checkAccess(config: Config): string[] {
  return [
    ...checkAuthenticator(config),
    ...checkTokens(config),
    ...checkAccounts(config),
    ...checkRules(config),
  ];
}

/** A registry that other machines reach requires credentials, unless the operator explicitly says that it does not. */
function checkAuthenticator({ http, auth, access }: Config): string[] {
  const problems: string[] = [];
  const isOpen = !isLoopback(http.addr.host) || isReachable(http);
  if (isOpen && !auth?.isNone && !auth?.htpasswd && !auth?.token)
    problems.push(
      `http.addr = ${print(http.addr)}: other machines reach it, and no credentials are required: expected auth.token or ` +
        'auth.htpasswd, or auth: none to say that everyone may push',
    );
  if (access !== undefined && !auth?.token && !auth?.htpasswd)
    problems.push('access: rules need to know the user: expected auth.token or auth.htpasswd, too');
  return problems;
}

function checkTokens({ auth, token, http }: Config): string[] {
  const problems: string[] = [];
  const asked = auth?.token;
  const isForeign = asked?.rootcertbundle !== undefined || asked?.jwks !== undefined;
  if (asked?.realm !== undefined && isPlainBeyond(asked.realm))
    problems.push(
      `auth.token.realm = ${asked.realm}: passwords would go there over plain HTTP: expected an https URL`,
    );
  if (asked && !isForeign && !token)
    problems.push(
      'auth.token: the signer of tokens is unknown: expected rootcertbundle or jwks of the token server, or a section ' +
        'token for our own',
    );
  if (token?.key !== undefined && token.certificate === undefined)
    problems.push(
      `token.key = ${token.key}: expected token.certificate, too: other nodes verify tokens with it`,
    );
  if (token && !asked) problems.push('token: expected auth.token, too, with realm, service and issuer');
  if (token && isForeign)
    problems.push(
      'auth.token: expected neither rootcertbundle nor jwks, since the section token has its own keys',
    );
  if (token && (http.secret?.length ?? 0) < SECRET_MIN_CHARACTERS)
    problems.push(
      `http.secret is ${http.secret === undefined ? 'missing' : 'too short'}: the section token encrypts its keys with it: ` +
        `expected ${SECRET_MIN_CHARACTERS} random characters or more, the same on every node, such as from ` +
        '`openssl rand -hex 32`',
    );
  return problems;
}

function checkAccounts({ accounts, token }: Config): string[] {
  const problems: string[] = [];
  if (accounts.length > 0 && !token)
    problems.push('accounts: only the token service uses them: expected a section token, too');
  for (const [i, { keystone, oidc }] of accounts.entries())
    for (const [key, url] of [
      [`accounts.${i}.keystone.authurl`, keystone?.authurl],
      [`accounts.${i}.oidc.issuer`, oidc?.issuer],
    ] as const)
      if (url !== undefined && isPlainBeyond(url))
        problems.push(`${key} = ${url}: passwords over plain HTTP: expected an https URL`);
  return problems;
}

function checkRules({ access, promotion }: Config): string[] {
  if (promotion) return [];
  return (access?.rules.slice(0, access.ownRules) ?? []).flatMap(({ name, repositories }, i) =>
    repositories.some(({ kind }) => kind === 'stable' || kind === 'candidates')
      ? [
          `access.rules.${i}.repositories: the rule ${name} uses @stable or @candidates: expected a section promotion, ` +
            'or patterns of repositories',
        ]
      : [],
  );
}

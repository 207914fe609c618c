import { SECRET_MIN_CHARACTERS } from '../registry/storage/secret-box.ts';
import { denialProblem, groupOf } from './group-problem.ts';
import { isForHost, isNameKnown, isPlainBeyond, isReachable, print } from './reach.ts';
import type { Config } from './schema.ts';

/** Problems with users, tokens and rules: contradictions, and open access; each line names a key. */
export function* checkAccess(config: Config): Generator<string> {
  yield* checkAuthenticator(config);
  yield* checkTokens(config);
  yield* checkAccounts(config);
  yield* checkRules(config);
  yield* checkDenials(config);
}

/** A registry that other machines reach requires credentials, unless the operator explicitly says that it does not. */
function* checkAuthenticator({ http, auth, access }: Config): Generator<string> {
  const isOpen = !isForHost(http) || isReachable(http);
  if (isOpen && !auth?.isNone && !auth?.htpasswd && !auth?.token)
    yield `http.addr = ${print(http.addr)}: other machines reach it, and no credentials are required: expected auth.token or ` +
      'auth.htpasswd, or auth: none to say that everyone may push';
  if (access !== undefined && !auth?.token && !auth?.htpasswd)
    yield 'access: rules need to know the user: expected auth.token or auth.htpasswd, too';
}

function* checkTokens({ auth, token, http }: Config): Generator<string> {
  const asked = auth?.token;
  const isForeign = asked?.rootcertbundle !== undefined || asked?.jwks !== undefined;
  if (asked?.realm !== undefined && isPlainBeyond(asked.realm))
    yield `auth.token.realm = ${asked.realm}: passwords would go there over plain HTTP: expected an https URL`;
  if (asked && !isForeign && !token)
    yield 'auth.token: the signer of tokens is unknown: expected rootcertbundle or jwks of the token server, or a section ' +
      'token for our own';
  if (asked && (asked.autoredirect || asked.realm === undefined) && !isNameKnown(http))
    yield 'http.host is missing: with auth.token.autoredirect clients would send passwords to the host that a request names, which ' +
      "anybody may make up: expected the registry's public URL, or auth.token.realm without autoredirect";
  if (token?.key !== undefined && token.certificate === undefined)
    yield `token.key = ${token.key}: expected token.certificate, too: other nodes verify tokens with it`;
  if (token && !asked) yield 'token: expected auth.token, too, with realm, service and issuer';
  if (token && isForeign)
    yield 'auth.token: expected neither rootcertbundle nor jwks, since the section token has its own keys';
  if (token && (http.secret?.length ?? 0) < SECRET_MIN_CHARACTERS)
    yield `http.secret is ${http.secret === undefined ? 'missing' : 'too short'}: the section token encrypts its keys with it: ` +
      `expected ${SECRET_MIN_CHARACTERS} random characters or more, the same on every node, such as from ` +
      '`openssl rand -hex 32`';
}

function* checkAccounts({ accounts, token }: Config): Generator<string> {
  if (accounts.length > 0 && !token)
    yield 'accounts: only the token service uses them: expected a section token, too';
  for (const [i, { keystone, oidc }] of accounts.entries())
    for (const [key, url] of [
      [`accounts.${i}.keystone.authurl`, keystone?.authurl],
      [`accounts.${i}.oidc.issuer`, oidc?.issuer],
    ] as const)
      if (url !== undefined && isPlainBeyond(url))
        yield `${key} = ${url}: passwords over plain HTTP: expected an https URL`;
}

function* checkRules({ access, promotion }: Config): Generator<string> {
  if (promotion || !access) return;
  for (const [i, { name, repositories }] of access.rules.slice(0, access.ownRules).entries())
    if (repositories.some(({ kind }) => kind === 'stable' || kind === 'candidates'))
      yield `access.rules.${i}.repositories: the rule ${name} uses @stable or @candidates: expected a section promotion, ` +
        'or patterns of repositories';
}

/** An allowance for a group without members gives too little, which is only warned of; a denial for one protects nothing. */
function* checkDenials(config: Config): Generator<string> {
  const { rules, ownRules } = config.access ?? { rules: [], ownRules: 0 };
  for (const [i, { name, effect, subjects }] of rules.slice(0, ownRules).entries()) {
    if (effect !== 'deny') continue;
    for (const group of subjects.flatMap(groupOf)) {
      const problem = denialProblem(config, group);
      if (problem !== undefined)
        yield `access.rules.${i}.subjects: the rule ${name} denies no user anything by group:${group}: ${problem}`;
    }
  }
}

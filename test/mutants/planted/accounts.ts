import type { Mutant } from '../mutant.ts';

const SOURCES = 'services/registry/access/accounts.ts';
const CREDENTIALS = 'services/registry/access/issued/credentials.ts';
const SECRET = 'services/registry/access/issued/secret.ts';
const HTPASSWD = 'services/accounts/htpasswd/htpasswd-source.ts';
const CLAIMS = 'services/accounts/oidc/claims.ts';
const LOGIN = 'services/token/login/login.ts';
const COOKIE = 'services/token/login/pending-cookie.ts';
const sources = { tests: ['test/accounts/sources.test.ts'] };
const issued = { tests: ['test/accounts/issued.test.ts', 'test/accounts/robots.test.ts'] };
const htpasswd = { tests: ['test/accounts/htpasswd.test.ts'] };
const oidc = { tests: ['test/accounts/oidc.test.ts'] };

/**
 * Accounts: of which source, with which secret, for how long. Not here: that an unknown name is nobody, as no password has
 * the hash that it is compared with.
 */
export const OF_ACCOUNTS: readonly Mutant[] = [
  {
    ...sources,
    drops: 'the ending of names of other sources',
    file: SOURCES,
    find: 'name: `${identity.name}@${source}`,',
    replace: 'name: identity.name,',
  },
  {
    ...sources,
    drops: 'the ending of groups of other sources',
    file: SOURCES,
    find: '      accountGroup(group, source.name),\n',
    replace: '      group,\n',
  },
  {
    ...sources,
    drops: 'the ending of projects of other sources',
    file: SOURCES,
    find: 'project: `${project}@${source}`,',
    replace: 'project,',
  },
  {
    ...sources,
    drops: 'names that are reserved',
    file: SOURCES,
    find: ' || this.#isReserved(identity.name)) return UNKNOWN;',
    replace: ') return UNKNOWN;',
  },
  {
    ...sources,
    drops: 'groups that are reserved',
    file: SOURCES,
    find: 'this.#unreserved(identity.groups, (group) => group)',
    replace: 'identity.groups',
  },
  {
    ...issued,
    drops: 'the check of a secret',
    file: SECRET,
    find: "timingSafeEqual(hash, Buffer.from(secret.sha256, 'hex')) && ",
    replace: '',
  },
  {
    ...issued,
    drops: 'the end of a secret',
    file: SECRET,
    find: ' && isCurrent(secret, now)) found',
    replace: ') found',
  },
  {
    ...issued,
    drops: 'the end of a revoked account',
    file: CREDENTIALS,
    find: 'return { ...account, secrets: [], revokedAt',
    replace: 'return { ...account, revokedAt',
  },
  {
    ...issued,
    drops: 'the hash of a stored secret',
    file: SECRET,
    find: "sha256: hashOf(text).toString('hex'),",
    replace: "sha256: hashOf(text).toString('hex'), note: text,",
  } as Mutant,
  {
    ...issued,
    drops: 'the end of rotated secrets',
    file: CREDENTIALS,
    find: ': { ...secret, expiresAt: endAt },',
    replace: ': secret,',
  },
  {
    ...issued,
    drops: 'the number of secrets',
    file: CREDENTIALS,
    find: '.slice(1 - SECRETS_MAX)',
    replace: '',
  },
  {
    ...issued,
    drops: 'a change that would undo a revocation',
    file: CREDENTIALS,
    find: 'if (wasRevokedSince(first, before?.account))',
    replace: 'if (false as boolean)',
  },
  {
    ...issued,
    drops: 'the time after which a revoked secret is refused',
    file: 'services/accounts/issued/issued-source.ts',
    find: 'const MAX_AGE_MS = 5000;',
    replace: 'const MAX_AGE_MS = 60_000;',
  },
  {
    ...issued,
    drops: 'the secrets that a list leaves out',
    file: 'services/token/robots/schemas.ts',
    find: '...{ id: secret.id, createdAt',
    replace: '...{ ...secret, createdAt',
  },
  {
    ...htpasswd,
    drops: 'the hash for unknown names',
    file: HTPASSWD,
    find: 'const hash = stored ?? this.#dummy(accounts, username);',
    replace: 'if (stored === undefined) return UNKNOWN;\n    const hash = stored;',
  },
  {
    ...htpasswd,
    drops: 'passwords with a NUL',
    file: HTPASSWD,
    find: " && !password.includes('\\0')",
    replace: '',
  },
  {
    ...htpasswd,
    drops: 'the hash in a refresh token',
    file: HTPASSWD,
    find: 'hash !== undefined && seedOf(name, hash) === value',
    replace: 'hash !== undefined',
  },
  {
    ...oidc,
    drops: 'that an e-mail address is verified',
    file: CLAIMS,
    find: '  if (vouchedBy(claim).some((voucher) => claims[voucher] !== true))\n',
    replace: '  if (vouchedBy(claim).some((voucher) => claims[voucher] === 7))\n',
    grep: 'has to vouch for',
  },
  {
    ...oidc,
    drops: 'names of robots',
    file: CLAIMS,
    find: 'if (name.startsWith(ROBOT_PREFIX)) return',
    replace: 'if (name.startsWith(ROBOT_PREFIX + ROBOT_PREFIX)) return',
    grep: 'cannot be used',
  },
  {
    ...oidc,
    drops: 'names with a colon',
    file: CLAIMS,
    find: "if (name.includes(':')) return",
    replace: "if (name.includes('::::')) return",
    grep: 'cannot be used',
  },
  {
    ...oidc,
    drops: 'names that cannot be seen',
    file: CLAIMS,
    find: 'if (UNSEEN.test(name) || !name.isWellFormed()) return',
    replace: 'if (!name.isWellFormed()) return',
    grep: 'cannot be used',
  },
  {
    ...oidc,
    drops: 'the browser that has begun a login',
    file: LOGIN,
    find: '    if (pending === undefined)\n',
    replace: '    if (pending === null)\n',
    grep: 'has begun no login',
  },
  {
    tests: ['test/token/pending-cookie.test.ts'],
    drops: 'the end of a login that was begun',
    file: COOKIE,
    find: ' || content.endsAt <= Date.now()) return undefined;',
    replace: ') return undefined;',
  },
  {
    ...oidc,
    drops: 'that a person begins a login',
    file: LOGIN,
    find: "return ['cross-site', 'same-site'].includes(ctx.get('sec-fetch-site'));",
    replace: 'return ctx.querystring === "x-y-z";',
    grep: 'begin by themselves',
  },
  {
    ...oidc,
    drops: 'names of other sources',
    file: LOGIN,
    find: "accounts.mapIdentity(source, { kind: 'user', name, groups, memberships: [] });",
    replace: "({ kind: 'user', name, groups, memberships: [] });",
    grep: 'where another source is asked first',
  },
];

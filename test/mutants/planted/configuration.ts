import { type Mutant, mutantsOf } from '../mutant.ts';

const SAFETY = 'services/config/safety.ts';
const safety = { tests: ['test/config/safety.test.ts', 'test/config/problems.test.ts'] };
const people = {
  tests: ['test/config/people.test.ts', 'test/config/safety.test.ts', 'test/config/refused.test.ts'],
};
const mirrors = { tests: ['test/config/safety.test.ts', 'test/config/mirrors.test.ts'] };
const warnings = { tests: ['test/access/warnings.test.ts', 'test/config/safety.test.ts'] };

/** What stops the start, and what the start warns of. */
export const OF_CONFIGURATION: readonly Mutant[] = [
  ...mutantsOf(SAFETY, safety, [
    [
      'plain HTTP beyond this machine',
      'if (own && !isForHost(http, own.addr) && !(own.tls',
      'if (own === null && !(own.tls',
    ],
    ['proxies for everybody', 'return !isEverybody(network);', 'return network !== isEverybody.name;'],
    [
      'the release service without credentials',
      'if (promotion && !needsCredentials && !isLoopback(release.addr.host))',
      'if (promotion && !needsCredentials && release.addr.port === 0)',
    ],
    [
      'the release service behind a proxy',
      '!promotion.http && isReachable(http))',
      '!promotion.http && http.prefix === "-")',
    ],
    ['metrics beyond this machine', '    ...checkDebug(config),\n', ''],
    ['the warning of wide proxies', '    if (isPublic(network))\n', '    if (network === isPublic.name)\n'],
    ['the warning of secrets', ' && isEasyToGuess(secret))', ' && isEasyToGuess(secret) && key === "")'],
    [
      'the warning of replaced secrets',
      "if (end === undefined || end === 'in-use')",
      "if (end === 'in-use')",
    ],
    [
      'the warning of relative URLs',
      '  if (http.relativeurls === false)\n',
      '  if (http.relativeurls === null)\n',
    ],
    [
      'the warning of URLs in notifications',
      '  if (notifications.endpoints.length > 0)\n',
      '  if (notifications.endpoints.length > 1e9)\n',
    ],
  ]),
  ...mutantsOf('services/config/reach.ts', safety, [
    [
      'that clients’ certificates are verified',
      "|| tls.clientAuth === 'require-and-verify'",
      '|| tls.clientAuth.length > 0',
    ],
  ]),
  ...mutantsOf('services/config/safety-mirrors.ts', mirrors, [
    [
      'mirrors without promotion',
      'if (mirrors.length > 0 && !promotion)',
      'if (mirrors.length > 1e9 && !promotion)',
    ],
    [
      'mirrors of a registry without a name',
      'if (mirrors.length > 0 && !isNameKnown(http))',
      'if (mirrors.length > 1e9 && !isNameKnown(http))',
    ],
    ['two mirrors of one name', '    names.add(mirror.name);\n', ''],
    [
      'passwords over plain HTTP',
      ' && isPlainBeyond(write.webdav))',
      ' && isPlainBeyond(write.webdav) && write.webdav === "")',
    ],
    [
      'half of a certificate',
      '(clientcertificate === undefined) !== (clientkey === undefined)',
      'clientcertificate === ""',
    ],
    ['certificates over plain HTTP', "&& !webdav.startsWith('https:')", "&& webdav === ''"],
    [
      'mirrors that get credentials',
      'if (host === registry || host.endsWith(`.${registry}`))',
      'if (host === registry)',
    ],
    [
      'mirrors at the host of the registry',
      'if (host === registry || host.endsWith(`.${registry}`))',
      'if (host.endsWith(`.${registry}`))',
    ],
    [
      'the demonstration server beyond this machine',
      'if (mirror.serve && !isLoopback(mirror.serve.host))',
      'if (mirror.serve?.port === 0)',
    ],
    [
      'served mirrors that are no directory',
      "if (mirror.serve && !('directory' in mirror.write))",
      "if (mirror.serve && !('write' in mirror))",
    ],
    ['two mirrors at one URL', '    places.set(mirror.url, mirror.name);\n', ''],
    [
      'authorities of a mirror over plain HTTP',
      "if (ofUrl.length > 0 && !url.startsWith('https:'))",
      "if (ofUrl.length > 0 && url === '')",
    ],
  ]),
  ...mutantsOf('services/config/mirror-warnings.ts', mirrors, [
    [
      'the warning of mirrors over plain HTTP',
      "if (isEncrypted && protocol === 'http:')",
      "if (isEncrypted && protocol === '')",
    ],
    ['the warning of mirrors over plain HTTP, by a certificate', 'http.tls !== undefined || ', ''],
    [
      'the warning of mirrors at private addresses',
      'if (isLocalAddress(hostname) && hostname !== registryHostOf(http))',
      'if (isLocalAddress(hostname) && hostname === "")',
    ],
    ['that mirrors at the address of the registry are used', ' && hostname !== registryHostOf(http))', ')'],
  ]),
  ...mutantsOf('services/config/safety-access.ts', { tests: ['test/config/check.test.ts'] }, [
    [
      'an open registry',
      'if (isOpen && !auth?.isNone && !auth?.htpasswd && !auth?.token)',
      'if (isOpen && auth === null)',
    ],
  ]),
  ...mutantsOf('services/config/safety-access.ts', people, [
    [
      'rules that know nobody',
      'if (access !== undefined && !auth?.token && !auth?.htpasswd)',
      'if (access === null)',
    ],
    [
      'passwords over plain HTTP to a token server',
      'if (asked?.realm !== undefined && isPlainBeyond(asked.realm))',
      'if (asked?.realm === isPlainBeyond.name)',
    ],
    ['tokens of nobody', 'if (asked && !isForeign && !token)', 'if (asked === null && !token)'],
    [
      'passwords to a host that a request names',
      '(asked.autoredirect || asked.realm === undefined) && !isNameKnown(http))',
      'asked.autoredirect === null && !isNameKnown(http))',
    ],
    [
      'a key without its certificate',
      'if (token?.key !== undefined && token.certificate === undefined)',
      'if (token?.key === "" && token.certificate === undefined)',
    ],
    ['a token section of nobody', '  if (token && !asked) yield', '  if (token === null && !asked) yield'],
    ['keys of two token services', 'if (token && isForeign)', 'if (token === null && isForeign)'],
    [
      'the length of the secret',
      '(http.secret?.length ?? 0) < SECRET_MIN_CHARACTERS)',
      '(http.secret?.length ?? 0) < 1)',
    ],
    ['accounts of nobody', 'if (accounts.length > 0 && !token)', 'if (accounts.length > 1e9 && !token)'],
    [
      'passwords over plain HTTP to a source',
      'if (url !== undefined && isPlainBeyond(url))',
      'if (url !== undefined && url === isPlainBeyond.name)',
    ],
    ['classes without promotion', "kind === 'stable' || kind === 'candidates')", "kind === 'template')"],
  ]),
  ...mutantsOf('services/config/access-warnings.ts', warnings, [
    ['rules without effect', '    if (behind)\n', '    if (behind && key === "")\n'],
    ['what is open to all', '    if (risky.length > 0)\n', '    if (risky.length > 1e9)\n'],
    ['groups without members', '      if (problem !== undefined) yield `${key}.subjects: ${problem}`;\n', ''],
    [
      'groups of groups without members',
      '      if (problem !== undefined) yield `access.groups.${name}: ${problem}`;\n',
      '',
    ],
    ['groups that no rule uses', 'if (!used.has(name)) yield', 'if (name === "") yield'],
    ['pushes to stable', '    if (isPushToStable(rule))\n', '    if (isPushToStable(rule) && key === "")\n'],
    ['what is published and closed', '  if (closed !== undefined)\n', '  if (closed === "")\n'],
    ['what is stable by default', '  if (open)\n', '  if (open?.name === "")\n'],
  ]),
  ...mutantsOf('services/config/access-warnings.ts', { tests: ['test/access/pass-url.test.ts'] }, [
    ['docker without a login', '  if (http.host === undefined || isPlain)\n', '  if (http.host === null)\n'],
    ['docker without a secret', '  if (http.secret === undefined)\n', '  if (http.secret === null)\n'],
  ]),
];

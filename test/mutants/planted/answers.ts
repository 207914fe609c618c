import { type Mutant, mutantsOf } from '../mutant.ts';

const caching = { tests: ['test/access/caching.test.ts'] };
const origins = { tests: ['test/http/other-origins.test.ts'] };
const urls = { tests: ['test/http/urls.test.ts'] };
const addresses = { tests: ['test/unit/client-address.test.ts'] };
const limits = { tests: ['test/edge/request-limits.test.ts'] };

/** Who may keep an answer, which origins may change something, and what is believed of forwarded headers. */
export const OF_ANSWERS: readonly Mutant[] = [
  ...mutantsOf('services/http/caching.ts', caching, [
    [
      'that nobody keeps what no handler allows',
      "const NOBODY = 'no-store';",
      "const NOBODY = 'private, no-cache';",
    ],
    [
      'that nobody keeps errors',
      'SUCCESSES.has(status) ? this.caching : undefined',
      'status > 0 ? this.caching : undefined',
    ],
    [
      'that shared caches tell clients apart',
      "if (!caching?.startsWith('everyone')) this.appendHeader('Vary', 'Authorization');",
      '',
    ],
    [
      'that content for one client is private',
      "'client, for ever': 'private, max-age=31536000, immutable'",
      "'client, for ever': 'public, max-age=31536000, immutable'",
    ],
    [
      'that tags are asked for again',
      "'client, asking again': 'private, no-cache'",
      "'client, asking again': 'private, max-age=60'",
    ],
  ]),
  ...mutantsOf(
    'services/http/send-blob.ts',
    { tests: [...caching.tests, 'test/edge/shared-cache.test.ts'] },
    [
      [
        'who may keep a blob',
        "blob.isPublic ? 'everyone, for ever' : 'client, for ever'",
        "'everyone, for ever'",
      ],
    ],
  ),
  ...mutantsOf('services/http/origin-check.ts', origins, [
    ['the check of Sec-Fetch-Site', 'return !OWN_SITES.has(String(site));', 'return false;'],
    [
      'that another site is another origin',
      "new Set(['same-origin', 'none'])",
      "new Set(['same-origin', 'none', 'same-site'])",
    ],
    ['the check of Origin', 'if (origin === undefined) return false;', 'if (origin !== "") return false;'],
    [
      'origins that are none',
      "page === null || page.host === '' || page.host !==",
      "page !== null && page.host !== '' && page.host !==",
    ],
    ['that * names nobody', ' origin !== ANY && ', ' '],
    ['that an opaque origin is nobody', ' && origin !== OPAQUE', ''],
    [
      'methods that change something',
      "new Set(['GET', 'HEAD', 'OPTIONS'])",
      "new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE'])",
    ],
    ['that Origin decides for a named one only', '!named.has(origin)', 'named.size === 0'],
  ]),
  ...mutantsOf('services/http/app.ts', origins, [
    ['the check of origins on each port', '  app.use(checkOrigin(options.trustedOrigins ?? []));\n', ''],
  ]),
  ...mutantsOf(
    'services/http/host-check.ts',
    { tests: ['test/protocol/operability.test.ts'], grep: 'another name' },
    [
      [
        'the refusal of other names',
        'isLoopback(hostname)) return next();',
        'hostname.length > 0) return next();',
      ],
    ],
  ),
  ...mutantsOf('services/http/forwarded.ts', addresses, [
    [
      'that only trusted proxies are read past',
      'if (hop === undefined || !isTrusted(hop)) {',
      'if (hop === undefined) {',
    ],
    [
      'that only trusted proxies are read past in Forwarded',
      'if (hop === undefined || !isTrusted(hop))\n',
      'if (hop === undefined)\n',
    ],
    [
      'the header of the proxies',
      "if (header === 'forwarded') return",
      "if (headers['forwarded'] !== undefined) return",
    ],
    ['the number of proxies', 'const HOPS_MAX = 64;', 'const HOPS_MAX = 1e9;'],
    ['quotes that are escaped', ` && !isEscaped(list, at)`, ''],
    ['the address inside IPv6', 'return ipaddr.process(address).toString();', 'return address;'],
    ['names that are given twice', ' || pairs.has(name)', ''],
  ]),
  ...mutantsOf('services/http/client-address.ts', addresses, [
    ['that strangers forward nothing', '    if (!proxies.isTrusted(peer)) return peer;\n', ''],
  ]),
  ...mutantsOf('services/http/urls.ts', urls, [
    [
      'that only clients of this machine get absolute URLs',
      ' && isLoopback(plain(socket.remoteAddress ??',
      ' && isLoopback(plain("127.0.0.1" ??',
    ],
    [
      'that only names of this machine are in URLs',
      "origin !== '' && isLoopback(new URL(origin).hostname) &&",
      "origin !== '' &&",
    ],
    [
      'that only trusted proxies name the host',
      "const isProxied = proxies.isTrusted(plain(socket.remoteAddress ?? ''));",
      'const isProxied = true;',
    ],
    [
      'the longest name of a host',
      'text.length <= HOST_MAX_CHARS ? HOST.exec(text) : null',
      'HOST.exec(text)',
    ],
  ]),
  ...mutantsOf('services/http/request-limits.ts', limits, [
    ['that load balancers are never limited', ' && !NEVER_LIMITED.has(ctx.path)', ''],
    ['that a /64 is one client', 'take(clientKeyOf(clientAddress))', 'take(clientAddress)'],
    ['that trusted networks are not limited', ' && !this.#isTrusted(clientAddress)', ''],
    ['the burst', 'const BURST_SECONDS = 5;', 'const BURST_SECONDS = 500;'],
  ]),
  ...mutantsOf('services/registry/access/rate-limit.ts', limits, [
    ['the bound of what is remembered', 'const CLIENTS_MAX = 100_000;', 'const CLIENTS_MAX = 100_000_000;'],
    ['that refused requests are not counted', '    if (waitMs > 0) return waitMs;\n', ''],
  ]),
];

import type { Mutant } from '../mutant.ts';

const CONNECTIONS = 'services/http/connections.ts';
const LISTEN = 'services/http/listen.ts';
const TLS = 'services/http/tls.ts';
const FRAMING = 'services/http/framing.ts';
const BODY = 'services/http/body.ts';
const connections = { tests: ['test/edge/connections.test.ts'] };
const slow = { tests: ['test/edge/slow-clients.test.ts'] };
const limits = { tests: ['test/edge/request-limits.test.ts'] };
const mutual = { tests: ['test/edge/mutual-tls.test.ts'] };
const smuggling = { tests: ['test/edge/smuggling.test.ts'] };
const tooLarge = { tests: ['test/protocol/refused-manifests.test.ts'] };

/** Limits of ports, connections and requests, and what TLS asks for. */
export const OF_THE_EDGE: readonly Mutant[] = [
  {
    ...connections,
    drops: "a client's share of connections",
    file: CONNECTIONS,
    find: "if (own && own.size >= limits.perClient) return refuse(socket, 'client', address);",
    replace: '',
  },
  {
    ...connections,
    drops: 'the limit of all connections',
    file: CONNECTIONS,
    find: "if (total >= limits.total) return refuse(socket, 'total', address);",
    replace: '',
  },
  {
    ...connections,
    drops: 'the release of connections',
    file: CONNECTIONS,
    find: '      total--;\n',
    replace: '',
  },
  {
    ...connections,
    drops: 'that only idle connections make room',
    file: CONNECTIONS,
    find: 'if (requests === 0) {',
    replace: 'if (requests !== -1) {',
  },
  {
    ...slow,
    drops: 'the pace',
    file: LISTEN,
    find: 'limitConnections(server, connections, closed);\n  return pace',
    replace: 'limitConnections(server, connections, closed);\n  return pace && undefined',
  },
  {
    ...slow,
    drops: 'the pace of bodies',
    file: 'services/http/pace.ts',
    find: "return request.complete || request.readableLength > 0 ? undefined : 'body';",
    replace: 'return undefined;',
  },
  {
    ...slow,
    drops: 'the pace of answers',
    file: 'services/http/pace.ts',
    find: "if (response.writableLength > 0) return 'answer';",
    replace: 'if (response.writableLength > 0) return undefined;',
  },
  {
    ...connections,
    drops: 'the limit of headers in time',
    file: LISTEN,
    find: 'headersTimeout: headersTimeoutMs, requestTimeout: 0',
    replace: 'headersTimeout: 0, requestTimeout: 0',
  },
  {
    tests: ['test/token/attacks.test.ts'],
    grep: 'is too large',
    drops: 'the limit of headers in bytes',
    file: LISTEN,
    find: 'maxHeaderSize: HEADER_MAX_BYTES,',
    replace: 'maxHeaderSize: 16 * 1024 * 1024,',
  },
  {
    ...limits,
    drops: 'the rate of a client',
    file: 'services/http/request-limits.ts',
    find: "throw tooMany('too many requests from this address', waitMs);",
    replace: '',
  },
  {
    tests: ['test/unit/account-rate.test.ts'],
    drops: 'the rate of an account',
    file: 'services/http/request-limits.ts',
    find: "throw tooMany('too many requests by this account', waitMs);",
    replace: 'return principal;',
  },
  {
    ...limits,
    drops: 'the count of requests',
    file: 'services/registry/access/rate-limit.ts',
    find: '    this.#dueAt.set(client, dueAt + this.#intervalMs);\n',
    replace: '',
  },
  {
    tests: ['test/protocol/operability.test.ts'],
    drops: 'the check of Host',
    file: 'services/http/host-check.ts',
    find: "hostname === '' || hostname === publicHostname ||",
    replace: 'hostname !== publicHostname ||',
  },
  {
    ...smuggling,
    drops: 'headers that occur once',
    file: FRAMING,
    find: 'if (seen.has(lower)) return malformed(`header ${lower} is given twice`);',
    replace: '',
  },
  {
    ...smuggling,
    drops: 'bodies whose end is in doubt',
    file: FRAMING,
    find: "  if (isEndInDoubt(request))\n    return malformed('a body needs Content-Length, or Transfer-Encoding: chunked and no other coding');\n",
    replace: '',
  },
  {
    ...smuggling,
    drops: 'characters that no host has',
    file: FRAMING,
    find: "  if (NOT_OF_HOSTS.test(headers.host ?? '')) return malformed('invalid Host header');\n",
    replace: '',
  },
  {
    tests: ['test/edge/connections.test.ts'],
    grep: '431 beyond that',
    drops: 'the number of headers',
    file: FRAMING,
    find: 'if (rawHeaders.length > 2 * HEADERS_MAX)',
    replace: 'if (rawHeaders.length > 1e9)',
  },
  {
    ...tooLarge,
    drops: 'the size of a body that states it',
    file: BODY,
    find: "  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();\n",
    replace: '',
  },
  {
    ...tooLarge,
    drops: 'the size of a body that comes in chunks',
    file: BODY,
    find: '      if (sizeBytes > limitBytes) throw tooLarge();\n',
    replace: '',
  },
  {
    tests: ['test/edge/tls-facts.test.ts'],
    drops: 'the suites with forward secrecy',
    file: TLS,
    find: 'ciphers = CIPHERS',
    replace: "ciphers = 'ALL'",
  },
  {
    tests: ['test/http/tls-clients.test.ts'],
    // Versions before 1.2 know none of the cipher suites.
    drops: 'the oldest version of TLS that the configuration allows',
    file: TLS,
    find: 'minVersion: minimumVersion,',
    replace: "minVersion: 'TLSv1.2',",
  },
  {
    tests: ['test/edge/tls-facts.test.ts'],
    drops: 'that nobody renegotiates',
    file: TLS,
    find: '    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,\n',
    replace: '',
  },
  {
    ...mutual,
    drops: "the authorities of clients' certificates",
    file: TLS,
    find: '...(files.clientCas.length > 0 && { ca: [...files.clientCas] }),',
    replace: '',
  },
  {
    ...mutual,
    drops: 'that a certificate is asked for',
    file: 'services/http/tls-clients.ts',
    find: "requestCert: clientAuth !== 'none'",
    replace: 'requestCert: false',
  },
  {
    tests: ['test/http/tls-clients.test.ts'],
    drops: 'that a certificate is verified',
    file: 'services/http/tls-clients.ts',
    find: "(clientAuth === 'require-any' || socket.authorized)",
    replace: '(true || socket.authorized)',
  },
  {
    // Of the keys and the context of sessions, each alone keeps tickets to one listener.
    tests: ['test/edge/tickets.test.ts'],
    drops: 'the listener of a session ticket',
    file: 'services/http/tls-tickets.ts',
    find: '    const period = Math.floor(Date.now() / this.#periodMs);\n    return {',
    replace: "    const period = Math.floor(Date.now() / this.#periodMs);\n    audience = '';\n    return {",
  },
];

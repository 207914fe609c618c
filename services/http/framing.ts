import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../registry/oci/errors.ts';

/** More than any client or chain of proxies sends. Node itself closes the connection beyond 2000. */
const HEADERS_MAX = 200;

/** Headers that may occur once: of two, a proxy before us may use the other one. Node keeps the first. */
const ONCE: ReadonlySet<string> = new Set(['host', 'authorization']);

/** Characters that no `host[:port]` has, and that would change the meaning of a URL. */
const NOT_OF_HOSTS = /[^\w.:[\]~!$&'()*+,;=%-]/;

/**
 * What is wrong with a request's head; undefined when nothing is. Node's parser already refuses length together with
 * transfer encoding, differing or malformed lengths, folded lines, and invalid names and values (RFC 9112, sections 5
 * and 6). This refuses the rest of what a proxy before us may read differently.
 */
export function flawOf(request: IncomingMessage): RegistryError | undefined {
  const { rawHeaders, headers, httpVersion } = request;
  if (rawHeaders.length > 2 * HEADERS_MAX)
    return new RegistryError(
      'HEADERS_TOO_MANY',
      `too many header fields: at most ${HEADERS_MAX} are allowed`,
    );
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return malformed('expected HTTP/1.1 or HTTP/1.0');
  if (isEndInDoubt(request))
    return malformed('a body needs Content-Length, or Transfer-Encoding: chunked and no other coding');
  if (NOT_OF_HOSTS.test(headers.host ?? '')) return malformed('invalid Host header');
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    // The lengths rule out nearly all others.
    if (name.length !== 4 && name.length !== 13) continue;
    const lower = name.toLowerCase();
    if (!ONCE.has(lower)) continue;
    if (seen.has(lower)) return malformed(`header ${lower} is given twice`);
    seen.add(lower);
  }
  return undefined;
}

/** Whether a proxy before us may see the request's end elsewhere. */
export function isEndInDoubt({ headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  return coding !== undefined && coding.toLowerCase() !== 'chunked';
}

function malformed(what: string): RegistryError {
  return new RegistryError('REQUEST_MALFORMED', `malformed request: ${what}`);
}

import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../registry/oci/errors.ts';

/** More than any client or chain of proxies sends. Node itself ends the connection beyond 2000. */
const HEADERS_MAX = 200;

/** Of these a request has one: of two, what stands before us may heed the other one. Node itself keeps the first. */
const ONCE: ReadonlySet<string> = new Set(['host', 'authorization']);

/** What no host has, with or without a port, and what would make it something else in a URL. */
const NOT_OF_HOSTS = /[^\w.:[\]~!$&'()*+,;=%-]/;

/**
 * What is wrong with a request's head, beyond what Node's parser refuses by itself: length and transfer encoding
 * together, lengths that differ or are no numbers, folded lines, names and values that are none (RFC 9112, sections 5
 * and 6). What lies between the two would be read in one way here and in another one by a proxy before us. Undefined
 * when nothing is wrong.
 */
export function flawOf(request: IncomingMessage): RegistryError | undefined {
  const { rawHeaders, headers, httpVersion } = request;
  if (rawHeaders.length > 2 * HEADERS_MAX)
    return new RegistryError('HEADERS_TOO_MANY', `a request may have ${HEADERS_MAX} header fields`);
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return malformed('it speaks neither HTTP/1.1 nor HTTP/1.0');
  if (isEndInDoubt(request))
    return malformed('a body comes with a length, or with Transfer-Encoding: chunked and nothing else');
  if (NOT_OF_HOSTS.test(headers.host ?? '')) return malformed('the header host holds no host');
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    // Most are neither, as their lengths tell.
    if (name.length !== 4 && name.length !== 13) continue;
    const lower = name.toLowerCase();
    if (!ONCE.has(lower)) continue;
    if (seen.has(lower)) return malformed(`the header ${lower} stands there twice`);
    seen.add(lower);
  }
  return undefined;
}

/** Whether a proxy before us may have another view of where the request ends. */
export function isEndInDoubt({ headers }: IncomingMessage): boolean {
  const coding = headers['transfer-encoding'];
  return coding !== undefined && coding.toLowerCase() !== 'chunked';
}

function malformed(what: string): RegistryError {
  return new RegistryError('REQUEST_MALFORMED', `this request cannot be taken: ${what}`);
}

import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../registry/errors.ts';

/** More than any client or chain of proxies sends. */
const HEADERS_MAX = 200;

/** Of these a request has one: of two, what stands before us may heed the other one. Node itself keeps the first. */
const ONCE: ReadonlySet<string> = new Set(['host', 'authorization']);

/**
 * What is wrong with a request's headers, beyond what Node's parser refuses by itself: length and transfer encoding
 * together, lengths that differ or are no numbers, folded lines, names and values that are none (RFC 9112, sections 5
 * and 6). Undefined when nothing is.
 */
export function flawOf({ rawHeaders }: IncomingMessage): RegistryError | undefined {
  if (rawHeaders.length > 2 * HEADERS_MAX)
    return new RegistryError('HEADERS_TOO_MANY', `a request may have ${HEADERS_MAX} header fields`);
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    // Most are neither, as their lengths tell.
    if (name.length !== 4 && name.length !== 13) continue;
    const lower = name.toLowerCase();
    if (!ONCE.has(lower)) continue;
    if (seen.has(lower))
      return new RegistryError('REQUEST_MALFORMED', `the header ${lower} stands there twice`);
    seen.add(lower);
  }
  return undefined;
}

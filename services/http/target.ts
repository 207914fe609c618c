import type { IncomingMessage } from 'node:http';

/** A path at which nothing is. */
const NOWHERE = '/*';

const ABSOLUTE = /^https?:\/\/([^/?#]+)/i;

/**
 * Brings a request's target into origin form (RFC 9112, section 3.2): proxies' absolute form loses its scheme and host,
 * and what is no path at all becomes {@link NOWHERE}. Whatever parses the target later may count on a leading slash:
 * without one the usual parsers take it for a whole URL, and throw at what cannot be one.
 */
export function originForm(target: string): string {
  const rest = target.replace(ABSOLUTE, '');
  if (rest.startsWith('/')) return rest;
  if (rest.startsWith('?')) return `/${rest}`;
  // `http://host` has an empty path, which is `/`.
  return rest === '' ? '/' : NOWHERE;
}

/** {@link originForm} in place. The host of an absolute form goes before the header's, as section 3.2.2 has it. */
export function toOriginForm(request: IncomingMessage): void {
  const target = request.url ?? '';
  if (target.startsWith('/')) return;
  const host = ABSOLUTE.exec(target)?.[1];
  if (host !== undefined) request.headers.host = host;
  request.url = originForm(target);
}

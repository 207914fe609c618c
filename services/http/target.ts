import type { IncomingMessage } from 'node:http';

/** A path without an endpoint. */
const NOWHERE = '/*';

const ABSOLUTE = /^https?:\/\/([^/?#]+)/i;

/**
 * Brings a request's target into origin form (RFC 9112, section 3.2): the absolute form of proxies loses its scheme and
 * host, and anything without a path becomes {@link NOWHERE}. Later parsers rely on the leading slash: without one they
 * parse the target as a URL, and may throw.
 */
export function originForm(target: string): string {
  const rest = target.replace(ABSOLUTE, '');
  if (rest.startsWith('/')) return rest;
  if (rest.startsWith('?')) return `/${rest}`;
  // `http://host` has an empty path, which is `/`.
  return rest === '' ? '/' : NOWHERE;
}

/** {@link originForm} in place. The host of an absolute form replaces the header's (section 3.2.2). */
export function toOriginForm(request: IncomingMessage): void {
  const target = request.url ?? '';
  if (target.startsWith('/')) return;
  const host = ABSOLUTE.exec(target)?.[1];
  if (host !== undefined) request.headers.host = host;
  request.url = originForm(target);
}

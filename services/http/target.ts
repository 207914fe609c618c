/**
 * Brings a request's target into origin form (RFC 9112, section 3.2): proxies' absolute form loses its scheme and host,
 * and what is no path at all becomes `/`. Whatever parses the target later may count on a leading slash: without one
 * the usual parsers take it for a whole URL, and throw at what cannot be one.
 */
export function originForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?#]+/i, '');
  if (rest.startsWith('/')) return rest;
  return rest.startsWith('?') ? `/${rest}` : '/';
}

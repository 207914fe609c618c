import type { IncomingHttpHeaders } from 'node:http';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Context } from './context.ts';

/** Methods that change nothing. Answers to them stay unreadable for other origins unless CORS headers allow it. */
const HARMLESS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Values of `Sec-Fetch-Site` of requests that no page of another origin caused (W3C Fetch Metadata). */
const OWN_SITES = new Set(['same-origin', 'none']);
/** Of pages in a sandbox, of files and of `data:` URLs: anybody can make one. */
const OPAQUE = 'null';
const ANY = '*';

/**
 * The origins besides a port's own whose pages may change something: that of `http.host`, and those that `http.headers`
 * name for CORS. `*` names nobody: it lets everyone read.
 */
export function trustedOrigins(http: {
  readonly host?: string | undefined;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}): string[] {
  const named = Object.entries(http.headers)
    .filter(([name]) => name.toLowerCase() === 'access-control-allow-origin')
    .flatMap(([, values]) => values)
    .filter((origin) => origin !== ANY && origin !== OPAQUE);
  return http.host === undefined ? named : [new URL(http.host).origin, ...named];
}

/**
 * Refuses changes that a browser requests for a web page of another origin. The browser adds the credentials that it knows
 * for the registry, and reaches a registry that listens on its machine only. `Sec-Fetch-Site` decides; without it (older
 * browsers, and plain HTTP beyond loopback) `Origin` does. Clients that are no browsers send neither.
 */
export function checkOrigin(
  trusted: readonly string[],
): (ctx: Context, next: () => Promise<unknown>) => Promise<unknown> {
  const named = new Set(trusted);
  return (ctx, next) => {
    if (HARMLESS.has(ctx.method)) return next();
    const { origin } = ctx.req.headers;
    const isOther = origin === undefined || !named.has(origin);
    if (isOther && isOfOtherOrigin(ctx.req.headers))
      throw new RegistryError(
        'DENIED',
        'web pages of other origins may change nothing here; to let one, name its origin in ' +
          'http.headers.Access-Control-Allow-Origin',
        { origin: (origin ?? OPAQUE).slice(0, 300) },
      );
    return next();
  };
}

function isOfOtherOrigin({ origin, host = '', 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return !OWN_SITES.has(String(site));
  if (origin === undefined) return false;
  const page = URL.parse(origin);
  return page === null || page.host === '' || page.host !== URL.parse(`${page.protocol}//${host}`)?.host;
}

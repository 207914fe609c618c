import { isLoopback } from '../registry/access/networks.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Context } from './context.ts';

/**
 * Refuses requests whose Host is not this one. A browser on this machine can reach a listener on loopback: a web page
 * whose name resolves to 127.0.0.1 ("DNS rebinding") may send it anything, except another Host than its own.
 */
export function checkHost(
  publicHostname: string | undefined,
): (ctx: Context, next: () => Promise<unknown>) => Promise<unknown> {
  return (ctx, next) => {
    const { hostname } = ctx.request;
    if (hostname === '' || hostname === publicHostname || isLoopback(hostname)) return next();
    throw new RegistryError(
      'DENIED',
      'this registry listens on this machine only, and answers to localhost; set http.host if it has another name',
      { host: hostname.slice(0, 253) },
    );
  };
}

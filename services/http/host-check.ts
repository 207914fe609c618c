import { isLoopback } from '../registry/access/networks.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Context } from './context.ts';

/**
 * Refuses requests that name another host than this one. A listener on loopback is safe only from those who cannot
 * reach it, and a browser on this machine can: a web page whose name its owner makes resolve to 127.0.0.1 ("DNS
 * rebinding") may then send anything. What it cannot do is send another Host than its own.
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

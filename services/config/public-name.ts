import type { Config } from './schema.ts';
import { isLoopback, type ListenAddress } from './values.ts';

/**
 * The only public name that a listener on loopback may be called by, or undefined when it has none; `false` when it is
 * meant to be reached by others, who may call it what they like.
 */
export function onlyPublicName({ http }: Config, addr: ListenAddress): string | undefined | false {
  if (!isLoopback(addr.host) || http.trustedproxies.length > 0) return false;
  return http.host === undefined ? undefined : new URL(http.host).hostname;
}

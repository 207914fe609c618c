import { isLoopback } from '../registry/access/networks.ts';
import type { Config } from './schema.ts';
import type { ListenAddress } from './values.ts';

/**
 * The only public name of a listener on loopback, or undefined without one; `false` for a listener that other machines
 * may reach, under any name.
 */
export function onlyPublicName({ http }: Config, addr: ListenAddress): string | undefined | false {
  if (!isLoopback(addr.host) || http.trustedproxies.length > 0) return false;
  return http.host === undefined ? undefined : new URL(http.host).hostname;
}

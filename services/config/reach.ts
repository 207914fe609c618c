import type { Config } from './schema.ts';
import { isLoopback, type ListenAddress } from './values.ts';

/** Whether others than this machine reach a loopback listener: through a proxy, unless that is on loopback itself. */
export function isReachable({ host, trustedproxies }: Config['http']): boolean {
  return host === undefined ? trustedproxies.length > 0 : !isLoopback(bare(new URL(host).hostname));
}

/** Whether only this machine reaches the registry: it listens on loopback, and no proxy or public name leads there. */
export function isOfThisMachine(http: Config['http']): boolean {
  return isLoopback(http.addr.host) && http.trustedproxies.length === 0 && !isReachable(http);
}

/** Whether what is sent to a URL can be read on its way. */
export function isPlainBeyond(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol !== 'https:' && !isLoopback(bare(hostname));
}

/** A URL's host name without the brackets of IPv6. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** An address as the file has it. */
export function print({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

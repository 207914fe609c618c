import { isLoopback } from '../registry/access/networks.ts';
import type { Config } from './schema.ts';
import type { ListenAddress } from './values.ts';

/**
 * Whether only the machine that runs the registry reaches a listener itself: it is on loopback, or a plain port that answers no
 * other machine (`http.plain`).
 */
export function isForHost(http: Config['http'], addr: ListenAddress = http.addr): boolean {
  return isLoopback(addr.host) || (http.plain === 'host' && http.tls === undefined && addr === http.addr);
}

/** Whether other machines reach a loopback listener through a proxy; one that is on loopback itself does not count. */
export function isReachable({ host, trustedproxies }: Config['http']): boolean {
  return host === undefined ? trustedproxies.length > 0 : !isLoopback(new URL(host).hostname);
}

/** Whether only this machine reaches the registry: it listens for it alone, without a proxy or a public name. */
export function isOfThisMachine(http: Config['http']): boolean {
  return isForHost(http) && http.trustedproxies.length === 0 && !isReachable(http);
}

/**
 * The only public name of a listener for this machine, or undefined without one; `false` for a listener that other machines
 * may reach, under any name.
 */
export function onlyPublicName({ http }: Config, addr: ListenAddress): string | undefined | false {
  if (!isForHost(http, addr) || http.trustedproxies.length > 0) return false;
  return publicNameOf(http);
}

/** The host name of the registry's public URL. */
export function publicNameOf({ host }: Config['http']): string | undefined {
  return host === undefined ? undefined : new URL(host).hostname;
}

/** The host that clients reach the registry at, as URLs have it: its public name, or the address that it listens at. */
export function registryHostOf({ host, addr }: Config['http']): string {
  if (host !== undefined) return new URL(host).hostname;
  return addr.host.includes(':') ? `[${addr.host}]` : addr.host;
}

/** Whether clients know the registry by names that are ours: `http.host`, or loopback names on this machine. */
export function isNameKnown(http: Config['http']): boolean {
  return http.host !== undefined || (isForHost(http) && http.trustedproxies.length === 0);
}

/** Whether requests to a URL can be read on the way. */
export function isPlainBeyond(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol !== 'https:' && !isLoopback(hostname);
}

/** A URL's host name without the brackets of IPv6. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** An address in the file's notation. */
export function print({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether a port accepts only clients with a certificate of the operator's authorities. */
export function knowsClients(tls: Config['http']['tls']): boolean {
  if (tls === undefined || tls.clientCas.length === 0) return false;
  return tls.clientAuth === undefined || tls.clientAuth === 'require-and-verify';
}

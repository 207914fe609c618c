import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isLoopback, type NetworkTest } from '../../registry/access/networks.ts';
import { plain, readForwarded } from '../forwarded.ts';
import { publicBaseUrl, type UrlOptions, urlsOf } from '../urls.ts';
import { PASS_PATH } from './passes.ts';

/** Where a client gets its pass; undefined when that is uncertain. */
export type PassUrlOf = (ctx: { readonly req: IncomingMessage }) => string | undefined;

/**
 * docker sends its password to this URL, so there is one only when the password cannot be read on its way and the client
 * can reach it: below `http.host` when that is https or loopback; when the client itself uses TLS; when a trusted proxy
 * says that it uses https, and to which host; or on this machine.
 */
export function passUrlsOf(
  { host, prefix }: Pick<UrlOptions, 'host' | 'prefix'>,
  isTrustedProxy: NetworkTest,
): PassUrlOf {
  if (host !== undefined) {
    const url = `${publicBaseUrl(host, prefix)}${PASS_PATH}`;
    return () => (isPrivate(url) ? url : undefined);
  }
  const urlOf = urlsOf({ relativeUrls: false, prefix }, isTrustedProxy);
  return (ctx) => {
    const url = urlOf(ctx, PASS_PATH);
    return URL.canParse(url) && isPrivate(url) && isCertain(ctx.req, url, isTrustedProxy) ? url : undefined;
  };
}

function isCertain({ headers, socket }: IncomingMessage, url: string, isTrustedProxy: NetworkTest) {
  const peer = plain(socket.remoteAddress ?? '');
  if (isTrustedProxy(peer)) {
    const { proto, host } = readForwarded(headers, isTrustedProxy);
    return proto?.toLowerCase() === 'https' && host !== undefined;
  }
  if ((socket as Partial<TLSSocket>).encrypted === true) return true;
  // A proxy on this machine that is not configured as trusted uses a loopback host too, but its clients are elsewhere.
  const isProxied = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'].some((name) => name in headers);
  return isLoopback(new URL(url).hostname) && isLoopback(peer) && !isProxied;
}

function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname);
}

import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isLoopback } from '../../registry/access/networks.ts';
import type { TrustedProxyTest } from '../client-address.ts';
import { plain, readForwarded } from '../forwarded.ts';
import { publicBaseUrl, type UrlOptions, urlsOf } from '../urls.ts';
import { PASS_PATH } from './passes.ts';

/** Where a client gets its pass; undefined when that is not certain. */
export type PassUrlOf = (ctx: { readonly req: IncomingMessage }) => string | undefined;

/**
 * docker sends its password to the URL of a pass, so it is named only when the password cannot be read on its way and
 * the client can reach it: below `http.host` when that is https or loopback; where the client itself came by TLS; where
 * a trusted proxy says that it came by https, and to which host; or on this machine.
 */
export function passUrlsOf(
  { host, prefix }: Pick<UrlOptions, 'host' | 'prefix'>,
  isTrustedProxy: TrustedProxyTest,
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

function isCertain({ headers, socket }: IncomingMessage, url: string, isTrustedProxy: TrustedProxyTest) {
  const peer = plain(socket.remoteAddress ?? '');
  if (isTrustedProxy(peer)) {
    const { proto, host } = readForwarded(headers, isTrustedProxy);
    return proto?.toLowerCase() === 'https' && host !== undefined;
  }
  if ((socket as Partial<TLSSocket>).encrypted === true) return true;
  // A proxy on this machine that nobody configured names a loopback host, too, but its clients are elsewhere.
  const isProxied = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'].some((name) => name in headers);
  return isLoopback(new URL(url).hostname) && isLoopback(peer) && !isProxied;
}

function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname);
}

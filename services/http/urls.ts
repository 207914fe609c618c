import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type NetworkTest, networkTest } from '../registry/access/networks.ts';
import { plain, readForwarded } from './forwarded.ts';

/** How URLs in answers are built. */
export interface UrlOptions {
  /** The public URL, which may have a path; Distribution's `http.host`. */
  readonly host?: string | undefined;
  /** Distribution's `http.relativeurls`. */
  readonly relativeUrls?: boolean | undefined;
  /** Such as `/registry`, Distribution's `http.prefix`; empty for none. */
  readonly prefix: string;
}

/** Turns a path, such as `/v2/hello/blobs/uploads/…`, into the value of `Location` or `Link`. */
export type UrlOf = (ctx: { readonly req: IncomingMessage }, path: string) => string;

/**
 * Decides once how URLs in answers begin. Relative with `relativeUrls: true`, or when neither it nor `host` is given; below
 * `host` when there is one; with only `relativeUrls: false`, at the scheme and host that the client used, as a trusted
 * proxy or the connection and its Host header say. Without a valid host the URL is relative.
 */
export function urlsOf(options: UrlOptions, isTrustedProxy: NetworkTest): UrlOf {
  const { host, relativeUrls, prefix } = options;
  if (relativeUrls === true || (relativeUrls === undefined && host === undefined))
    return (_, path) => `${prefix}${path}`;
  if (host !== undefined) {
    const base = publicBaseUrl(host, prefix);
    return (_, path) => `${base}${path}`;
  }
  return ({ req }, path) => `${originOf(req, isTrustedProxy)}${prefix}${path}`;
}

/** {@link urlsOf} for absolute URLs, as the section `http` of a configuration has them. */
export function absoluteUrlsOf({
  host,
  prefix,
  trustedproxies,
}: UrlOptions & { readonly trustedproxies: readonly string[] }): UrlOf {
  return urlsOf({ host, relativeUrls: false, prefix }, networkTest(trustedproxies));
}

/** The registry's public URL, without trailing slash. */
export function publicBaseUrl(host: string, prefix: string): string {
  const base = host.replace(/\/+$/, '');
  // Distribution adds no prefix to the host, so its operators include it.
  return new URL(base).pathname.endsWith(prefix) ? base : `${base}${prefix}`;
}

/** Such as `https://registry.example.org:5000`; empty when unknown. */
function originOf(request: IncomingMessage, isTrustedProxy: NetworkTest): string {
  const { headers, socket } = request;
  const isProxied = isTrustedProxy(plain(socket.remoteAddress ?? ''));
  const forwarded = isProxied ? readForwarded(headers, isTrustedProxy) : {};
  const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true;
  const proto = (forwarded.proto ?? (isEncrypted ? 'https' : 'http')).toLowerCase();
  const host = forwarded.host ?? headers.host ?? '';
  return (proto === 'https' || proto === 'http') && isHost(host) ? `${proto}://${host}` : '';
}

const LABEL = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*\\.?|\\[([0-9A-Fa-f:.]+)\\])(?::\\d{1,5})?$`);
const HOST_MAX_CHARS = 260;

/** Whether a text is `host[:port]`, and nothing else in a URL. */
function isHost(text: string): boolean {
  const match = text.length <= HOST_MAX_CHARS ? HOST.exec(text) : null;
  if (!match || (match[1] !== undefined && !isIPv6(match[1]))) return false;
  return URL.canParse(`http://${text}`);
}

import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isLoopback } from '../registry/access/networks.ts';
import { type Proxies, plain, readForwarded } from './forwarded.ts';

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
 * `host` when there is one. With only `relativeUrls: false`, absolute for clients on this machine that ask for a loopback
 * name, and otherwise relative: what else a request calls the registry, a client may have made up.
 */
export function urlsOf({ host, relativeUrls, prefix }: UrlOptions): UrlOf {
  if (relativeUrls === true || (relativeUrls === undefined && host === undefined))
    return (_, path) => `${prefix}${path}`;
  if (host !== undefined) {
    const base = publicBaseUrl(host, prefix);
    return (_, path) => `${base}${path}`;
  }
  return ({ req }, path) => `${localOriginOf(req)}${prefix}${path}`;
}

/** {@link urlsOf} for absolute URLs. */
export function absoluteUrlsOf({ host, prefix }: UrlOptions): UrlOf {
  return urlsOf({ host, relativeUrls: false, prefix });
}

/**
 * What the client of a request calls this registry, without trailing slash: `host`, or what a trusted proxy or the request
 * itself says. A client can say anything here, so nobody may be sent there.
 */
export function calledUrlsOf(
  { host, prefix }: UrlOptions,
  proxies: Proxies,
): (ctx: { readonly req: IncomingMessage }) => string {
  if (host !== undefined) {
    const base = publicBaseUrl(host, prefix);
    return () => base;
  }
  return ({ req }) => `${originOf(req, proxies)}${prefix}`;
}

/** The registry's public URL, without trailing slash. */
export function publicBaseUrl(host: string, prefix: string): string {
  const base = host.replace(/\/+$/, '');
  // Distribution adds no prefix to the host, so its operators include it.
  return new URL(base).pathname.endsWith(prefix) ? base : `${base}${prefix}`;
}

/** Such as `http://localhost:5000`; empty for clients elsewhere, and for other names. */
function localOriginOf({ headers, socket }: IncomingMessage): string {
  const origin = printOrigin(schemeOf(socket), headers.host ?? '');
  const isLocal =
    origin !== '' && isLoopback(new URL(origin).hostname) && isLoopback(plain(socket.remoteAddress ?? ''));
  return isLocal ? origin : '';
}

/** Such as `https://registry.example.org:5000`; empty when unknown. */
function originOf({ headers, socket }: IncomingMessage, proxies: Proxies): string {
  const isProxied = proxies.isTrusted(plain(socket.remoteAddress ?? ''));
  const forwarded = isProxied ? readForwarded(headers, proxies) : {};
  const scheme = (forwarded.proto ?? schemeOf(socket)).toLowerCase();
  return printOrigin(scheme, forwarded.host ?? headers.host ?? '');
}

function schemeOf(socket: IncomingMessage['socket']): 'https' | 'http' {
  return (socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
}

function printOrigin(scheme: string, host: string): string {
  return (scheme === 'https' || scheme === 'http') && isHost(host) ? `${scheme}://${host}` : '';
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

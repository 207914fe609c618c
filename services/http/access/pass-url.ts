import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../registry/access/networks.ts';
import { absoluteUrlsOf, publicBaseUrl, type UrlOptions } from '../urls.ts';
import { PASS_PATH } from './passes.ts';

/** Where a client gets its pass; undefined when that is uncertain. */
export type PassUrlOf = (ctx: { readonly req: IncomingMessage }) => string | undefined;

/**
 * docker sends its password to this URL, so there is one only when the password cannot be read on its way, and the URL is
 * certainly ours: below `http.host` when that is https or loopback; without it, on this machine. A name that only the
 * request says is never used.
 */
export function passUrlsOf({ host, prefix }: Pick<UrlOptions, 'host' | 'prefix'>): PassUrlOf {
  if (host !== undefined) {
    const url = `${publicBaseUrl(host, prefix)}${PASS_PATH}`;
    return () => (isPrivate(url) ? url : undefined);
  }
  const urlOf = absoluteUrlsOf({ prefix });
  return (ctx) => {
    const url = urlOf(ctx, PASS_PATH);
    return URL.canParse(url) && !isProxied(ctx.req) ? url : undefined;
  };
}

/** A proxy on this machine that is not configured as trusted uses a loopback host too, but its clients are elsewhere. */
function isProxied({ headers }: IncomingMessage): boolean {
  return ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'].some((name) => name in headers);
}

function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname);
}

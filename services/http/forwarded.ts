import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What trusted proxies say of a request. Nothing in it is checked but that the client is an address. */
export interface Forwarded {
  /** The last address that is not a trusted proxy's. */
  readonly client?: string | undefined;
  readonly proto?: string | undefined;
  readonly host?: string | undefined;
}

/** So many proxies stand in no row; who writes more wants to keep us busy. */
const HOPS_MAX = 64;

/**
 * Reads what proxies say, from the end of each list: what stands there was written by our peer, what stands before it
 * by the one before, and as soon as one is not trusted, all the rest is what a client wrote and nothing that counts.
 * Of scheme and host too, what the outermost trusted proxy said of its own client is taken.
 *
 * `X-Forwarded-For`, `-Proto` and `-Host` win over `Forwarded` (RFC 7239) as soon as one of them is there: nearly
 * every proxy writes these and passes a `Forwarded` on as the client wrote it. Who runs a proxy that writes `Forwarded`
 * has it remove the others. Distribution prefers `X-Forwarded-*`, too (registry/api/v2/urls.go).
 *
 * Never throws, and its work is bounded by the headers' size.
 */
export function readForwarded(
  headers: IncomingHttpHeaders,
  isTrusted: (address: string) => boolean,
): Forwarded {
  const [xFor, xProto, xHost] = ['for', 'proto', 'host'].map((name) => text(headers, `x-forwarded-${name}`));
  if (xFor === undefined && xProto === undefined && xHost === undefined)
    return fromForwarded(text(headers, 'forwarded') ?? '', isTrusted);
  let trusted = 0;
  let client: string | undefined;
  for (const element of fromTheEnd(xFor ?? '')) {
    const hop = hopAddress(element);
    if (hop === undefined || !isTrusted(hop)) {
      client = hop;
      break;
    }
    trusted++;
  }
  return { client, proto: fromLast(xProto, trusted), host: fromLast(xHost, trusted) };
}

function fromForwarded(header: string, isTrusted: (address: string) => boolean): Forwarded {
  for (const element of fromTheEnd(header)) {
    const pairs = parseElement(element);
    const hop = hopAddress(pairs?.get('for') ?? '');
    if (hop === undefined || !isTrusted(hop))
      return { client: hop, proto: pairs?.get('proto'), host: pairs?.get('host') };
  }
  return {};
}

/** The element so many places before the last; or the first, when there are fewer, as proxies that replace leave one. */
function fromLast(list: string | undefined, places: number): string | undefined {
  let element: string | undefined;
  let place = 0;
  for (const each of fromTheEnd(list ?? '')) {
    element = each;
    if (place++ === places) break;
  }
  return element === '' ? undefined : element;
}

/**
 * The elements of a list, the last first, at most {@link HOPS_MAX}. Commas in quotes do not part; and since quotes
 * are paired from the end, one that a client leaves open cannot swallow what proxies wrote behind it.
 */
export function* fromTheEnd(list: string): Generator<string> {
  let isQuoted = false;
  let end = list.length;
  let count = 0;
  for (let at = list.length - 1; at >= 0 && count < HOPS_MAX; at--) {
    const char = list[at];
    if (char === '"' && !isEscaped(list, at)) isQuoted = !isQuoted;
    if (char !== ',' || isQuoted) continue;
    yield list.slice(at + 1, end).trim();
    count++;
    end = at;
  }
  if (count < HOPS_MAX && list !== '') yield list.slice(0, end).trim();
}

function isEscaped(list: string, at: number): boolean {
  let backslashes = 0;
  while (list[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/** RFC 7239's `forwarded-pair`, and values that should have been quoted for their colons but are not. */
const PAIR = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^"\\;,\s]*))[ \t]*(?:;|$)/y;

/** An element's parameters, by names in lower case; undefined when it is malformed or says one thing twice. */
function parseElement(element: string): Map<string, string> | undefined {
  const pairs = new Map<string, string>();
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < element.length) {
    const match = PAIR.exec(element);
    const name = match?.[1]?.toLowerCase();
    if (!match || name === undefined || pairs.has(name)) return undefined;
    pairs.set(name, match[3] ?? (match[2] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
  return pairs;
}

/** Longer than any address with a port. */
const NODE_MAX_CHARS = 100;

/**
 * The address in RFC 7239's `node`, `192.0.2.43`, `192.0.2.43:47011` or `[2001:db8::17]:47011`, or a bare one of IPv6
 * as X-Forwarded-For has it; undefined for `unknown`, `_hidden` and all else.
 */
function hopAddress(node: string): string | undefined {
  if (node.length > NODE_MAX_CHARS) return undefined;
  const match = /^(?:\[([^\]]*)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/.exec(node);
  if (match?.[1] !== undefined) return isIPv6(match[1]) ? plain(match[1]) : undefined;
  const address = match?.[2] ?? node;
  return isIP(address) === 0 ? undefined : plain(address);
}

/** `::ffff:192.0.2.1`, however it is written, is 192.0.2.1 seen through an IPv6 socket. */
export function plain(address: string): string {
  if (isIP(address) !== 6 || !ipaddr.isValid(address)) return address;
  return ipaddr.process(address).toString();
}

function text(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

import type { IncomingHttpHeaders } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type NetworkTest, networkTest } from '../registry/access/networks.ts';

/** The header in which a proxy says whom it serves; with the first come `X-Forwarded-Proto` and `-Host`. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded';

/** The proxies in front of the registry, and what they write. */
export interface Proxies {
  readonly isTrusted: NetworkTest;
  /** The only header that is believed: nearly every proxy passes on a client's own of the other kind. */
  readonly header: ForwardedHeader;
}

/** The proxies of the section `http`. */
export function proxiesOf(http: {
  readonly trustedproxies: readonly string[];
  readonly forwardedheader: ForwardedHeader;
}): Proxies {
  return { isTrusted: networkTest(http.trustedproxies), header: http.forwardedheader };
}

/** What trusted proxies report of a request. Only `client` is checked: it is an address. */
export interface Forwarded {
  /** The last address that is not a trusted proxy's. */
  readonly client?: string | undefined;
  readonly proto?: string | undefined;
  readonly host?: string | undefined;
}

/** No real deployment chains this many proxies; longer lists are abuse. */
const HOPS_MAX = 64;

/**
 * Reads each list from its end: our peer wrote the last element, the proxy before it the one before. The first untrusted
 * address is the client; everything before it was written by that client and is ignored. Scheme and host are those that
 * the outermost trusted proxy reports of its own client.
 *
 * Never throws; bounded by the headers' size.
 */
export function readForwarded(headers: IncomingHttpHeaders, { isTrusted, header }: Proxies): Forwarded {
  if (header === 'forwarded') return fromForwarded(text(headers, 'forwarded') ?? '', isTrusted);
  const [xFor, xProto, xHost] = ['for', 'proto', 'host'].map((name) => text(headers, `x-forwarded-${name}`));
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

/** The element `places` before the last; the first when there are fewer: some proxies replace the list by one element. */
function fromLast(list: string | undefined, places: number): string | undefined {
  return [...fromTheEnd(list ?? '').take(places + 1)].at(-1) || undefined;
}

/**
 * The elements of a list, last first, at most {@link HOPS_MAX}. Commas in quotes do not separate. Quotes are paired from
 * the end, so that one that a client leaves open cannot swallow what proxies appended.
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

/** RFC 7239's `forwarded-pair`; values with colons that should have been quoted are accepted unquoted. */
const PAIR = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^"\\;,\s]*))[ \t]*(?:;|$)/y;

/** An element's parameters by lower-case name; undefined when it is malformed or repeats a name. */
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
 * The address in RFC 7239's `node` (`192.0.2.43`, `192.0.2.43:47011` or `[2001:db8::17]:47011`), or a bare IPv6 address, as
 * in X-Forwarded-For; undefined for `unknown`, `_hidden` and anything else.
 */
function hopAddress(node: string): string | undefined {
  if (node.length > NODE_MAX_CHARS) return undefined;
  const match = /^(?:\[([^\]]*)\]|([\d.]+))(?::(?:\d{1,5}|_[\w.-]+))?$/.exec(node);
  if (match?.[1] !== undefined) return isIPv6(match[1]) ? plain(match[1]) : undefined;
  const address = match?.[2] ?? node;
  return isIP(address) === 0 ? undefined : plain(address);
}

/** Turns an IPv4-mapped address in any spelling (`::ffff:192.0.2.1`) into the IPv4 address. */
export function plain(address: string): string {
  if (isIP(address) !== 6 || !ipaddr.isValid(address)) return address;
  return ipaddr.process(address).toString();
}

function text(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

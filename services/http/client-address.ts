import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Finds out who a request is from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * The connection's far end; or, when that is a trusted proxy, the last address in `X-Forwarded-For` that is not one.
 * Anything before it was written by the client, and anyone can write anything.
 */
export function clientAddressOf(trustedProxies: readonly string[]): ClientAddress {
  const networks = trustedProxies.map((text) => ipaddr.parseCIDR(text));
  const isTrusted = (address: string) => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return networks.some((network) => network[0].kind() === parsed.kind() && parsed.match(network as never));
  };
  return (request) => {
    const peer = plain(request.socket.remoteAddress ?? '');
    if (networks.length === 0 || !isTrusted(peer)) return peer;
    const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
    for (const hop of forwarded.reverse().map((text) => text.trim())) {
      if (!ipaddr.isValid(hop)) break;
      if (!isTrusted(hop)) return plain(hop);
    }
    return peer;
  };
}

/** `::ffff:192.0.2.1`, however it is written, is 192.0.2.1 seen through an IPv6 socket. */
function plain(address: string): string {
  if (isIPv4(address) || !ipaddr.isValid(address)) return address;
  return ipaddr.process(address).toString();
}

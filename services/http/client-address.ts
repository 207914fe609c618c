import type { IncomingMessage } from 'node:http';
import { type Proxies, plain, readForwarded } from './forwarded.ts';

/** The IP address that a request comes from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * The connection's remote address; or, when that is a trusted proxy, the last address in its header that is not one.
 * Anything before it was written by the client and proves nothing. Calls `silent` for a request of a trusted proxy
 * without that header.
 */
export function clientAddressOf(
  proxies: Proxies,
  silent: (proxy: string, path: string) => void = () => undefined,
): ClientAddress {
  return ({ socket, headers, url = '' }) => {
    const peer = plain(socket.remoteAddress ?? '');
    if (!proxies.isTrusted(peer)) return peer;
    if (headers[proxies.header] === undefined) silent(peer, url);
    return readForwarded(headers, proxies).client ?? peer;
  };
}

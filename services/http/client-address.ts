import type { IncomingMessage } from 'node:http';
import { networkTest } from '../registry/access/networks.ts';
import { plain, readForwarded } from './forwarded.ts';

/** The IP address that a request comes from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * The connection's remote address; or, when that is a trusted proxy, the last address in `X-Forwarded-For` or `Forwarded`
 * that is not one. Anything before it was written by the client and proves nothing.
 */
export function clientAddressOf(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = networkTest(trustedProxies);
  return (request) => {
    const peer = plain(request.socket.remoteAddress ?? '');
    return isTrusted(peer) ? (readForwarded(request.headers, isTrusted).client ?? peer) : peer;
  };
}

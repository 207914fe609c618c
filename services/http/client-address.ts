import type { IncomingMessage } from 'node:http';
import { type NetworkTest, networkTest } from '../registry/access/networks.ts';
import { plain, readForwarded } from './forwarded.ts';

/** Finds out who a request is from. */
export type ClientAddress = (request: IncomingMessage) => string;

/** Whether an address is that of a proxy which is believed. */
export type TrustedProxyTest = NetworkTest;

/** The test for a list of networks in CIDR notation, `http.trustedproxies`. Throws when one is none. */
export const trustedProxyTest = networkTest;

/**
 * The connection's far end; or, when that is a trusted proxy, the last address in `X-Forwarded-For` or `Forwarded`
 * that is not one. Anything before it was written by the client, and anyone can write anything.
 */
export function clientAddressOf(trustedProxies: readonly string[]): ClientAddress {
  const isTrusted = trustedProxyTest(trustedProxies);
  return (request) => {
    const peer = plain(request.socket.remoteAddress ?? '');
    return isTrusted(peer) ? (readForwarded(request.headers, isTrusted).client ?? peer) : peer;
  };
}

import type { Server, TLSSocket } from 'node:tls';

/** What clients must show: Distribution's `http.tls.clientauth`, Go's `tls.ClientAuthType`. */
export type ClientAuth = 'none' | 'request' | 'require-any' | 'verify-if-given' | 'require-and-verify';

/** The configured value; unless given, certificates are required exactly when there are authorities. */
export function clientAuthOf(options: {
  readonly clientAuth?: ClientAuth | undefined;
  readonly clientCas?: readonly string[] | undefined;
}): ClientAuth {
  return options.clientAuth ?? (options.clientCas?.length ? 'require-and-verify' : 'none');
}

/** Settings of the handshake; {@link refuseOthers} does the rest. */
export function handshakeSettings(clientAuth: ClientAuth): {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
} {
  return { requestCert: clientAuth !== 'none', rejectUnauthorized: clientAuth === 'require-and-verify' };
}

/**
 * Closes connections whose client did not show what is required, before any request. The handshake distinguishes only two
 * cases, and checks less of a resumed session; so every connection is checked here.
 */
export function refuseOthers(server: Server, clientAuth: ClientAuth): void {
  if (clientAuth === 'none' || clientAuth === 'request') return;
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const isGiven = socket.getPeerX509Certificate() !== undefined;
    const isGood = isGiven && (clientAuth === 'require-any' || socket.authorized);
    if (!isGood && (isGiven || clientAuth !== 'verify-if-given')) socket.destroy();
  });
}

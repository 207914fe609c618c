import type { Server, TLSSocket } from 'node:tls';

/** What is asked of clients' certificates: Distribution's `http.tls.clientauth`, which are Go's `tls.ClientAuthType`. */
export type ClientAuth = 'none' | 'request' | 'require-any' | 'verify-if-given' | 'require-and-verify';

/** What is asked for when nothing is said: whoever names authorities wants their certificates. */
export function clientAuthOf(options: {
  readonly clientAuth?: ClientAuth | undefined;
  readonly clientCas?: readonly string[] | undefined;
}): ClientAuth {
  return options.clientAuth ?? (options.clientCas?.length ? 'require-and-verify' : 'none');
}

/** The handshake's part; {@link refuseOthers} does the rest. */
export function handshakeSettings(clientAuth: ClientAuth): {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
} {
  return { requestCert: clientAuth !== 'none', rejectUnauthorized: clientAuth === 'require-and-verify' };
}

/**
 * Closes connections whose client did not show what is asked, before a byte of theirs is taken for a request. The
 * handshake knows two answers only, and judges a resumed session by less; so every connection is looked at here.
 */
export function refuseOthers(server: Server, clientAuth: ClientAuth): void {
  if (clientAuth === 'none' || clientAuth === 'request') return;
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const isGiven = socket.getPeerX509Certificate() !== undefined;
    const isGood = isGiven && (clientAuth === 'require-any' || socket.authorized);
    if (!isGood && (isGiven || clientAuth !== 'verify-if-given')) socket.destroy();
  });
}

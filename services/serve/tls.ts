import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { ListenAddress } from '../config/values.ts';
import type { ListenTls } from '../http/listen.ts';
import type { ClientAuth } from '../http/tls-clients.ts';

/** Distribution's names for what is asked of clients (`http.tls.clientauth`). */
const CLIENT_AUTH: Record<
  NonNullable<NonNullable<Config['http']['tls']>['clientauth']>,
  Exclude<ClientAuth, 'none'>
> = {
  'request-client-cert': 'request',
  'require-any-client-cert': 'require-any',
  'verify-client-cert-if-given': 'verify-if-given',
  'require-and-verify-client-cert': 'require-and-verify',
};

/** How the port at an address speaks TLS: as its own section says, or `http.tls`. Undefined for plain HTTP. */
export function tlsOf(
  { http, promotion, token }: Config,
  addr: ListenAddress,
  logger: Logger,
): ListenTls | undefined {
  const own = [
    { section: 'promotion.http.tls', listener: promotion?.http },
    { section: 'token.http.tls', listener: token?.http },
  ].find(({ listener }) => listener?.addr === addr);
  const tls = own?.listener?.tls ?? http.tls;
  const section = own?.listener?.tls ? own.section : 'http.tls';
  return (
    tls && {
      section,
      certificate: tls.certificate,
      key: tls.key,
      minimumVersion: tls.minimumtls,
      clientCas: tls.clientcas,
      clientAuth: tls.clientauth && CLIENT_AUTH[tls.clientauth],
      ciphers: tls.ciphersuites?.join(':'),
      tickets: { secret: http.secret },
      logger,
    }
  );
}

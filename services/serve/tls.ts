import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
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

/** How the ports speak TLS; undefined for plain HTTP. */
export function tlsOf({ http: { tls } }: Config, logger: Logger): ListenTls | undefined {
  return (
    tls && {
      certificate: tls.certificate,
      key: tls.key,
      minimumVersion: tls.minimumtls,
      clientCas: tls.clientcas,
      clientAuth: tls.clientauth && CLIENT_AUTH[tls.clientauth],
      ciphers: tls.ciphersuites?.join(':'),
      logger,
    }
  );
}

import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { ListenAddress } from '../config/values.ts';
import type { ListenTls } from '../http/listen.ts';

/** The TLS settings of the port at an address: its own section, or `http.tls`. Undefined for plain HTTP. */
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
  return tls && { ...tls, section, tickets: { secret: http.secret }, logger };
}

import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { withHeaders } from '../http/extra-headers.ts';
import { type Listener, type ListenTls, listen } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import { stripPrefix } from '../http/prefix.ts';
import type { Service } from '../http/service.ts';
import type { HeldParts } from './held-parts.ts';
import { listenLimitsOf } from './limits.ts';

/** What the section `http` says of its port, and so do the sections of parts with a port of their own. */
type PortConfig = Pick<Config['http'], 'addr' | 'tls'>;

/** A part of the registry that answers below a path of its own. */
export interface PortUser {
  readonly name: 'api' | 'release' | 'token';
  /** Such as `/api/`; empty for the part that answers everything else. */
  readonly path: string;
  readonly service: Service & { readonly stopWaiting?: () => void };
  /** Its own port; undefined for that of `http`. */
  readonly own: PortConfig | undefined;
}

/** One port, and all that answers there. */
interface Port extends PortConfig {
  /** Of the configuration. */
  readonly section: string;
  readonly names: readonly PortUser['name'][];
  readonly handler: RequestListener;
}

/** A port that is open, and the parts that answer there. */
export interface PartListener {
  readonly listener: Listener;
  readonly names: readonly PortUser['name'][];
}

/** Opens the ports at which these parts answer; `held` closes them. */
export async function openPorts(
  config: Config,
  users: readonly PortUser[],
  { metrics, logger, held }: { readonly metrics: Metrics; readonly logger: Logger; readonly held: HeldParts },
): Promise<PartListener[]> {
  const { headers, prefix, idletimeout: idleTimeoutMs } = config.http;
  const ports = portsOf(users, config.http);
  const limits = listenLimitsOf(config, ports.length, metrics, logger);
  const listeners: PartListener[] = [];
  for (const port of ports) {
    const { addr, section, names } = port;
    const tls = tlsOf(port, config.http, logger);
    const listener = await listen(withHeaders(headers, stripPrefix(prefix, port.handler)), {
      ...{ ...addr, key: `${section}.addr`, tls, limits, idleTimeoutMs },
    });
    listeners.push({ listener: held.use('listener', listener), names });
  }
  return listeners;
}

/** The sections of the ports of parts. */
const SECTIONS = { api: 'http', release: 'promotion.http', token: 'token.http' } as const;

/** On the port of `http` together, except for those that have a port of their own. */
function portsOf(users: readonly PortUser[], { addr, tls }: PortConfig): Port[] {
  const shared = users.filter(({ own }) => own === undefined);
  const names = shared.map(({ name }) => name);
  const alone = users.flatMap(({ name, service, own }) =>
    own ? [{ ...own, section: SECTIONS[name], names: [name], handler: service.app.callback() }] : [],
  );
  if (shared.length === 0) return alone;
  return [{ addr, tls, section: SECTIONS.api, names, handler: sideBySide(shared) }, ...alone];
}

/** The port's own TLS, or that of `http`; undefined for plain HTTP. */
function tlsOf({ section, tls }: Port, http: Config['http'], logger: Logger): ListenTls | undefined {
  const used = tls ?? http.tls;
  return (
    used && { ...used, section: `${tls ? section : 'http'}.tls`, tickets: { secret: http.secret }, logger }
  );
}

/** By the beginning of the path, as it was written; the first one answers what no other does. */
function sideBySide(users: readonly PortUser[]): RequestListener {
  const [first, ...others] = users.map(({ path, service }) => ({
    path,
    handler: service.app.callback(),
  }));
  return (request, response) => {
    const user = others.find(({ path }) => request.url?.startsWith(path)) ?? first;
    user?.handler(request, response);
  };
}

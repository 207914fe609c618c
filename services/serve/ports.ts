import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { isForHost } from '../config/reach.ts';
import type { Config } from '../config/schema.ts';
import { withHeaders } from '../http/extra-headers.ts';
import { type ClientTest, hostClients } from '../http/host-clients.ts';
import { certificateReport } from '../http/http-metrics.ts';
import { type Listener, type ListenTls, listen } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import { stripPrefix } from '../http/prefix.ts';
import type { Service } from '../http/service.ts';
import { isLoopback, networkTest } from '../registry/access/networks.ts';
import type { HeldParts } from './held-parts.ts';
import type { InheritedSockets } from './inherited-sockets.ts';
import { listenLimitsOf } from './limits.ts';
import type { Generation } from './reload/generation.ts';

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

/** The open ports of a process. */
export interface Ports {
  readonly listeners: readonly PartListener[];
  /**
   * From the next request on, these users answer, as another configuration says. Its addresses are those of the first one.
   * Does not fail.
   */
  use(config: Config, users: readonly PortUser[], generation: Generation): void;
}

/** What opening ports takes. */
interface PortParts {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly held: HeldParts;
  /** Of the service manager; these ports are open already. */
  readonly sockets: InheritedSockets;
}

/** Opens the ports at which these parts answer; `held` closes them. */
export async function openPorts(
  config: Config,
  users: readonly PortUser[],
  generation: Generation,
  { metrics, logger, held, sockets }: PortParts,
): Promise<Ports> {
  const { idletimeout: idleTimeoutMs } = config.http;
  const ports = portsOf(users, config.http);
  if (ports.length === 0) return { listeners: [], use: () => undefined };
  const limits = listenLimitsOf(config, ports.length, metrics, logger);
  const listeners: PartListener[] = [];
  const handlers = new Map<string, RequestListener>();
  const serve = (http: Config['http'], { section, handler }: Port, by: Generation) =>
    handlers.set(section, by.counting(withHeaders(http.headers, stripPrefix(http.prefix, handler))));
  for (const port of ports) {
    const { addr, section, names } = port;
    const tls = tlsOf(port, config.http, { logger, metrics });
    const clients = await clientsOf(port, config.http);
    serve(config.http, port, generation);
    const listener = await listen((request, response) => handlers.get(section)?.(request, response), {
      ...{ ...addr, key: `${section}.addr`, tls, clients, limits, idleTimeoutMs },
      descriptor: sockets.take(section),
    });
    listeners.push({ listener: held.use('listener', listener), names });
  }
  return {
    listeners,
    use(next, nextUsers, nextGeneration) {
      for (const port of portsOf(nextUsers, next.http)) serve(next.http, port, nextGeneration);
      for (const { listener } of listeners) listener.setIdleTimeout(next.http.idletimeout);
      limits.adjust(next);
    },
  };
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
function tlsOf(
  { section: own, tls }: Port,
  http: Config['http'],
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): ListenTls | undefined {
  const used = tls ?? http.tls;
  const section = `${tls ? own : 'http'}.tls`;
  if (!used) return undefined;
  const certificateInUse = certificateReport(metrics, section);
  return { ...used, section, tickets: { secret: http.secret }, logger, certificateInUse };
}

/** The clients that a port serves by `http.plain`; undefined for all. */
function clientsOf({ addr }: Port, http: Config['http']): Promise<ClientTest> | undefined {
  if (isLoopback(addr.host) || !isForHost(http, addr)) return undefined;
  return hostClients(networkTest(http.trustedproxies));
}

/** By the beginning of the path, as it was written; the first one answers what no other does. */
function sideBySide(users: readonly PortUser[]): RequestListener {
  const [first, ...others] = users.map(({ path, service }) => ({
    path,
    handler: service.app.callback(),
  }));
  return (request, response) => {
    const user = others.find(({ path }) => request.url?.startsWith(path)) ?? first;
    return user?.handler(request, response);
  };
}

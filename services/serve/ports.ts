import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { ListenAddress } from '../config/values.ts';
import { withHeaders } from '../http/extra-headers.ts';
import { type Listener, type ListenTls, listen } from '../http/listen.ts';
import type { Metrics } from '../http/metrics.ts';
import { stripPrefix } from '../http/prefix.ts';
import type { Service } from '../http/service.ts';
import type { HeldParts } from './held-parts.ts';
import { listenLimitsOf } from './limits.ts';

/** The sections with the address and TLS of a port; parts that share one use `http`. */
const SECTIONS = { api: 'http', release: 'promotion.http', token: 'token.http' } as const;
type Section = (typeof SECTIONS)[keyof typeof SECTIONS];

/** A part of the registry that answers below a path of its own. */
export interface PortUser {
  readonly name: keyof typeof SECTIONS;
  /** Such as `/api/`; empty for the part that answers everything else. */
  readonly path: string;
  readonly service: Service & { readonly stopWaiting?: () => void };
  /** Where it listens by itself; undefined for `http.addr`. */
  readonly addr: ListenAddress | undefined;
}

/** One port, and all that answers there. */
interface Port {
  readonly addr: ListenAddress;
  /** The section of its settings. */
  readonly section: Section;
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
  const { addr, headers, prefix, idletimeout: idleTimeoutMs } = config.http;
  const limits = listenLimitsOf(config, metrics, logger);
  const listeners: PartListener[] = [];
  for (const port of portsOf(users, addr)) {
    const { section, names } = port;
    const listener = await listen(withHeaders(headers, stripPrefix(prefix, port.handler)), {
      ...{ ...port.addr, key: `${section}.addr`, limits, idleTimeoutMs },
      tls: tlsOf(config, section, logger),
    });
    listeners.push({ listener: held.use('listener', listener), names });
  }
  return listeners;
}

/** The TLS settings of a port: its own, or `http.tls`. Undefined for plain HTTP. */
function tlsOf({ http, promotion, token }: Config, section: Section, logger: Logger): ListenTls | undefined {
  const own = { http, 'promotion.http': promotion?.http, 'token.http': token?.http }[section]?.tls;
  const tls = own ?? http.tls;
  return (
    tls && { ...tls, section: `${own ? section : 'http'}.tls`, tickets: { secret: http.secret }, logger }
  );
}

/** On `http.addr` together, except for those that have an address of their own. */
function portsOf(users: readonly PortUser[], addr: ListenAddress): Port[] {
  const shared = users.filter((user) => user.addr === undefined);
  const alone = users.flatMap(({ name, service, addr: own }) =>
    own === undefined
      ? []
      : [{ addr: own, section: SECTIONS[name], names: [name], handler: service.app.callback() }],
  );
  if (shared.length === 0) return alone;
  return [
    { addr, section: 'http', names: shared.map(({ name }) => name), handler: sideBySide(shared) },
    ...alone,
  ];
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

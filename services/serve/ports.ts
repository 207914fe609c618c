import type { RequestListener } from 'node:http';
import type { ListenAddress } from '../config/values.ts';
import type { App } from '../http/context.ts';
import type { Listener } from '../http/listen.ts';

/** A part of the registry that answers below a path of its own. */
export interface PortUser {
  readonly name: 'api' | 'release' | 'token';
  /** Such as `/api/`; empty for the one that answers all else. */
  readonly path: string;
  readonly app: App;
  /** Where it listens by itself; undefined for `http.addr`. */
  readonly addr: ListenAddress | undefined;
}

/** One port, and all that answers there. */
export interface Port {
  readonly addr: ListenAddress;
  /** The setting that says where. */
  readonly key: string;
  readonly names: readonly PortUser['name'][];
  readonly handler: RequestListener;
}

/** The settings by which parts have an address of their own. */
const KEYS = { api: 'http.addr', release: 'promotion.http.addr', token: 'token.http.addr' } as const;

/** Who listens where: on `http.addr` together, but for those that have an address of their own. */
export function portsOf(users: readonly PortUser[], addr: ListenAddress): Port[] {
  const shared = users.filter((user) => user.addr === undefined);
  const alone = users.flatMap(({ name, app, addr: own }) =>
    own === undefined ? [] : [{ addr: own, key: KEYS[name], names: [name], handler: app.callback() }],
  );
  if (shared.length === 0) return alone;
  return [
    { addr, key: 'http.addr', names: shared.map(({ name }) => name), handler: sideBySide(shared) },
    ...alone,
  ];
}

/** By the beginning of the path, as it was written; what nobody else answers is the first one's. */
function sideBySide(users: readonly PortUser[]): RequestListener {
  const [first, ...others] = users.map(({ path, app }) => ({ path, handler: app.callback() }));
  return (request, response) => {
    const user = others.find(({ path }) => request.url?.startsWith(path)) ?? first;
    user?.handler(request, response);
  };
}

/** A port that is open, and who answers there. */
export interface PartListener {
  readonly listener: Listener;
  readonly names: readonly PortUser['name'][];
}

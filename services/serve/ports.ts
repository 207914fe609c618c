import type { RequestListener } from 'node:http';
import type { ListenAddress } from '../config/values.ts';
import type { App } from '../http/context.ts';
import type { Listener } from '../http/listen.ts';

/** A part of the registry that answers below a path of its own. */
export interface PortUser {
  readonly name: 'api' | 'release' | 'token';
  /** Such as `/api/`; empty for the part that answers everything else. */
  readonly path: string;
  readonly app: App;
  /** Its own address; undefined for `http.addr`. */
  readonly addr: ListenAddress | undefined;
}

/** One port, and everything that answers there. */
export interface Port {
  readonly addr: ListenAddress;
  /** The setting of its address. */
  readonly key: string;
  readonly names: readonly PortUser['name'][];
  readonly handler: RequestListener;
}

/** The settings of the parts' own addresses. */
const KEYS = { api: 'http.addr', release: 'promotion.http.addr', token: 'token.http.addr' } as const;

/** The ports of a process: parts share `http.addr`, except those with their own address. */
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

/** Chooses a part by the start of the path, as the client wrote it; the first part answers everything else. */
function sideBySide(users: readonly PortUser[]): RequestListener {
  const [first, ...others] = users.map(({ path, app }) => ({ path, handler: app.callback() }));
  return (request, response) => {
    const user = others.find(({ path }) => request.url?.startsWith(path)) ?? first;
    user?.handler(request, response);
  };
}

/** An open port, and the parts that answer there. */
export interface PartListener {
  readonly listener: Listener;
  readonly names: readonly PortUser['name'][];
}

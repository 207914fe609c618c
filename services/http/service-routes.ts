import type { RouteContext } from './context.ts';
import type { Route } from './routes.ts';

/** A {@link Route} whose handler also gets what its service works with: a line of a service's table. */
export interface ServiceRoute<S> extends Omit<Route, 'handle'> {
  readonly handle: (service: S, ctx: RouteContext) => Promise<void> | void;
}

/** A service's table as routes. */
export function routesOf<S>(service: S, table: readonly ServiceRoute<S>[]): Route[] {
  return table.map((route) => ({ ...route, handle: (ctx) => route.handle(service, ctx) }));
}

import type { RouterContext } from '@koa/router';
import type Koa from 'koa';
import type { Principal } from '../registry/access/grants.ts';

/** What each request carries from the first step to its log line. */
export interface RequestState {
  requestId: string;
  clientAddress: string;
  /** The route's name for metrics: never anything that a client wrote. */
  route: string;
  /** True for what machines ask all day (health checks, probes): logged at level debug. */
  isRoutine: boolean;
  /** Who asks; set by the door of a route that needs a right. */
  principal: Principal;
  /** The rule by which the door let the request in; undefined where there are none. For records. */
  rule: string | undefined;
  /** Fields of the log line: repository, digest, decision. No secrets, no headers. */
  logFields: Record<string, unknown>;
}

export type App = Koa<RequestState>;
export type Context = Koa.ParameterizedContext<RequestState>;

/** A route's context. */
export type RouteContext = RouterContext<RequestState>;

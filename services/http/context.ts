import type { RouterContext } from '@koa/router';
import type Koa from 'koa';
import type { Principal } from '../registry/access/grants.ts';

/** The state of a request, from its first step to its log line. */
export interface RequestState {
  requestId: string;
  clientAddress: string;
  /** The route's name, for metrics: never a text from the client. */
  route: string;
  /** Called with the route's name when the route begins. */
  enter: (route: string) => void;
  /** True for health checks and probes: logged at level debug. */
  isRoutine: boolean;
  /** The client's identity; set by the authenticator on routes that require access. */
  principal: Principal;
  /** The access rule that allowed the request, for the audit record; undefined without rules. */
  rule: string | undefined;
  /** Fields of the log line: repository, digest, decision. No secrets, no headers. */
  logFields: Record<string, unknown>;
}

export type App = Koa<RequestState>;
export type Context = Koa.ParameterizedContext<RequestState>;

/** A route's context. */
export type RouteContext = RouterContext<RequestState>;

import Router from '@koa/router';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Authenticator } from './access/authenticator.ts';
import type { RequiredAccess } from './access/required-access.ts';
import type { App, Context, RequestState, RouteContext } from './context.ts';

/** Answers a request through the context, or throws. */
export type Handler = (ctx: RouteContext) => Promise<void> | void;

/** One endpoint, a line of a service's table of routes. */
export interface Route {
  /** GET answers HEAD as well. */
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** In path-to-regexp's notation; `*name` matches a repository's name with its slashes. */
  readonly path: string;
  /** For metrics and logs. */
  readonly name: string;
  /** What the client must be allowed to do; left out for what is open to all. */
  readonly requiredAccess?: RequiredAccess;
  readonly handle: Handler;
}

/**
 * Mounts a table of routes; the first that matches wins, and {@link mountNotFound} answers the rest. A route that
 * requires access begins only after the authenticator has let the request in. Throws when such a route has none.
 */
export function mountRoutes(app: App, routes: readonly Route[], authenticator?: Authenticator): void {
  const router = new Router<RequestState>({ sensitive: true, strict: true });
  for (const { path, method, name, requiredAccess, handle } of routes) {
    if (requiredAccess && !authenticator)
      throw new Error(`the route ${name} requires access, and there is no authenticator`);
    router.register(path, [method], async (ctx: RouteContext) => {
      ctx.state.enter(name);
      if (requiredAccess && authenticator) {
        const principal = await authenticator.authorize(ctx, requiredAccess(ctx));
        ctx.state.principal = principal;
        if (principal.name !== '') ctx.state.logFields['user'] = principal.name;
      }
      return handle(ctx);
    });
  }
  app.use(router.routes());
}

/** Answers what no route did: 405 and `Allow` for a known path, else 404. Mount it last. */
export function mountNotFound(app: App): void {
  app.use((ctx: Context & { matched?: readonly { readonly methods: readonly string[] }[] }) => {
    const methods = new Set(ctx.matched?.flatMap((layer) => layer.methods));
    if (methods.size > 0) {
      ctx.set('Allow', [...methods].sort().join(', '));
      throw new RegistryError('METHOD_UNSUPPORTED', `${ctx.method} is not supported for this resource`);
    }
    throw new RegistryError('NO_SUCH_ENDPOINT', `no such endpoint: ${ctx.path.slice(0, 200)}`);
  });
}

import type { ApiNode } from '../../services/api/node.ts';
import { apiRoutes } from '../../services/api/routes.ts';
import { OPEN_AUTHENTICATOR } from '../../services/http/access/authenticator.ts';
import { type Passes, passRoute } from '../../services/http/access/passes.ts';
import { distributionHealthRoutes, healthRoutes, type Readiness } from '../../services/http/health.ts';
import { releaseRoutes } from '../../services/release/endpoints.ts';
import type { ReleaseService } from '../../services/release/service.ts';
import { reloadRoute } from '../../services/serve/reload/route.ts';
import { loginRoutes, robotRoutes, tokenRoutes } from '../../services/token/routes.ts';

/** Nothing of it is touched before a request comes. */
const NOTHING = new Proxy({}, { get: () => undefined });

/** Every route of every port, as `METHOD path`, from the product's own tables. */
export const ROUTES: readonly string[] = [
  ...apiRoutes(NOTHING as ApiNode),
  passRoute(OPEN_AUTHENTICATOR, NOTHING as Passes),
  ...releaseRoutes(NOTHING as ReleaseService),
  ...tokenRoutes(NOTHING as Parameters<typeof tokenRoutes>[0]),
  ...loginRoutes(NOTHING as Parameters<typeof loginRoutes>[0]),
  ...robotRoutes(NOTHING as Parameters<typeof robotRoutes>[0]),
  ...healthRoutes(NOTHING as Readiness),
  ...distributionHealthRoutes(NOTHING as Readiness),
  reloadRoute(NOTHING as Parameters<typeof reloadRoute>[0]),
  // The one route whose path is a setting.
  { method: 'GET', path: '/metrics' },
].map(({ method, path }) => `${method} ${path}`);

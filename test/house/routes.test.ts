import { expect } from 'chai';
import type { ApiNode } from '../../services/api/node.ts';
import { apiRoutes } from '../../services/api/routes.ts';
import { OPEN_AUTHENTICATOR } from '../../services/http/access/authenticator.ts';
import { type Passes, passRoute } from '../../services/http/access/passes.ts';
import type { RouteContext } from '../../services/http/context.ts';
import type { Route } from '../../services/http/routes.ts';
import { ENDPOINTS } from '../../services/release/endpoints.ts';
import { robotRoutes, tokenRoutes } from '../../services/token/routes.ts';

/** A route's right is asked for in the table of routes: what has none there is open to everybody, and stands here. */
const OPEN = new Map([
  ['GET /', 'says that this is a registry, for people and for load balancers'],
  ['GET /v2', 'leads to /v2/'],
  [
    'GET /origin/docker/registry/v2/blobs/:algorithm/:prefix/:hex/data',
    'published blobs only, for mirrors that bounce',
  ],
  ['POST /api/v1/promotions', 'its body names the repositories: the handler asks the authenticator itself'],
  ['GET /api/v1/openapi.json', 'the document of the API'],
  ['GET /auth/token', 'who asks says in the request who they are'],
  ['POST /auth/token', 'the same'],
  ['GET /auth/jwks.json', 'public keys'],
  [
    'GET /v2/_token',
    'whoever sends a password there has it looked at by the handler; all others get what nobody may do',
  ],
]);

/** Nothing of it is touched before a request comes. */
const NOTHING = new Proxy({}, { get: () => undefined });

type Line = Pick<Route, 'method' | 'path'> & { readonly requiredAccess?: Route['requiredAccess'] };
const ROUTES: readonly Line[] = [
  ...apiRoutes(NOTHING as ApiNode),
  passRoute(OPEN_AUTHENTICATOR, NOTHING as Passes),
  ...ENDPOINTS,
  ...tokenRoutes(NOTHING as Parameters<typeof tokenRoutes>[0]),
  ...robotRoutes(NOTHING as Parameters<typeof robotRoutes>[0]),
];
const nameOf = ({ method, path }: Line) => `${method} ${path}`;

describe('routes', () => {
  it('each need a right, except a few that are named here with a reason', () => {
    expect(ROUTES).to.have.length.above(30);
    const open = ROUTES.filter(({ requiredAccess }) => requiredAccess === undefined).map(nameOf);
    expect(open.sort()).to.deep.equal([...OPEN.keys()].sort());
  });

  it('that change a repository need more than pull, and those that only read need no more', () => {
    const ctx = {
      params: { name: 'a/b' },
      req: {},
      querystring: 'repository=a/b',
    } as unknown as RouteContext;
    const needed = ROUTES.flatMap((route) => {
      const [wanted] = route.requiredAccess?.(ctx) ?? [];
      return wanted?.type === 'repository'
        ? [{ name: nameOf(route), method: route.method, action: wanted.action }]
        : [];
    });
    const expected: Readonly<Record<string, readonly string[]>> = {
      GET: ['pull', 'push'],
      HEAD: ['pull'],
      POST: ['push'],
      PUT: ['push'],
      PATCH: ['push'],
      DELETE: ['delete', 'push'],
    };
    expect(needed).to.have.length.above(11);
    for (const { name, method, action } of needed) expect(expected[method], name).to.include(action);
    // Of reads, only that of an upload under way; of deletes, only that of one.
    const uploads = needed.filter(({ method, action }) => /GET|DELETE/.test(method) && action === 'push');
    expect(uploads.map(({ name }) => name).sort()).to.deep.equal([
      'DELETE /v2/*name/blobs/uploads/:id',
      'GET /v2/*name/blobs/uploads/:id',
    ]);
  });
});

import type { RouteContext } from '../../http/context.ts';
import { query } from '../../http/parameters.ts';
import type { ApiNode } from '../node.ts';
import { linkNext, parseLimit } from './pages.ts';

/** Distribution's page where the client does not say. */
const CATALOG_PAGE = 100;

/** GET of the repositories that hold manifests, in byte order, paged by `n` and `last` (Distribution's `_catalog`). */
export async function listCatalog(node: ApiNode, ctx: RouteContext): Promise<void> {
  const { catalogMax } = node.limits;
  const n = query(ctx, 'n');
  const limit = n === undefined ? Math.min(CATALOG_PAGE, catalogMax) : parseLimit(n, catalogMax);
  const { repositories, more } = await node.content.catalog.list({ last: query(ctx, 'last'), limit });
  linkNext(node, ctx, '/v2/_catalog', { limit, last: more ? repositories.at(-1) : undefined });
  ctx.set('Content-Type', 'application/json');
  ctx.body = Buffer.from(JSON.stringify({ repositories }));
}

import { type Handler, param, query } from '../../http/routes.ts';
import { RegistryError } from '../../registry/errors.ts';
import { parseRepositoryName } from '../../registry/names.ts';
import type { ApiNode } from '../node.ts';
import { linkNext, parseLimit } from './pages.ts';

/** GET of a repository's tags (end-8): in byte order, paged by `n` and `last`. */
export function listTags(node: ApiNode): Handler {
  return async (ctx) => {
    const name = parseRepositoryName(param(ctx, 'name'));
    ctx.state.facts['repository'] = name;
    const limit = parseLimit(query(ctx, 'n'), node.limits.tagsMax);
    const { tags, more } = await node.content.tags.list(name, { last: query(ctx, 'last'), limit });
    if (tags.length === 0 && !(await node.content.manifests.repositoryExists(name)))
      throw new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`, { name });
    const last = tags.at(-1);
    if (more && last !== undefined) linkNext(node, ctx, `/v2/${name}/tags/list`, { n: String(limit), last });
    ctx.set('Content-Type', 'application/json');
    ctx.body = Buffer.from(JSON.stringify({ name, tags }));
  };
}

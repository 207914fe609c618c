import { type Handler, param, query } from '../../http/routes.ts';
import { RegistryError } from '../../registry/errors.ts';
import { parseRepositoryName } from '../../registry/names.ts';
import type { ApiNode } from '../node.ts';

/** Most tags in one answer, Distribution's `tags.maxtags`; with more, a `Link` leads on. */
const TAGS_MAX = 1000;

/** GET of a repository's tags (end-8): in byte order, paged by `n` and `last`. */
export function listTags(node: ApiNode): Handler {
  return async (ctx) => {
    const name = parseRepositoryName(param(ctx, 'name'));
    ctx.state.facts['repository'] = name;
    const limit = parseLimit(query(ctx, 'n'));
    const { tags, more } = await node.content.tags.list(name, { last: query(ctx, 'last'), limit });
    if (tags.length === 0 && !(await node.content.manifests.repositoryExists(name)))
      throw new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`, { name });
    const last = tags.at(-1);
    if (more && last !== undefined)
      ctx.set('Link', `</v2/${name}/tags/list?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"`);
    ctx.set('Content-Type', 'application/json');
    ctx.body = Buffer.from(JSON.stringify({ name, tags }));
  };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return TAGS_MAX;
  if (!/^\d{1,9}$/.test(text))
    throw new RegistryError('PAGINATION_NUMBER_INVALID', 'n is how many tags to list: a whole number', {
      n: text,
    });
  return Math.min(Number(text), TAGS_MAX);
}

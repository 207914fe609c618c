import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RouteContext } from '../../http/context.ts';
import { param, query } from '../../http/parameters.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { parseRepositoryName, type RepositoryName, type Tag } from '../../registry/oci/names.ts';
import { batchesOf } from '../../registry/storage/delete-all.ts';
import type { ApiNode } from '../node.ts';
import { linkNext, parseLimit } from './pages.ts';

/** A list without `n` is written this many tags at a time, which bounds its memory. */
const TAGS_AT_ONCE = 1000;

/**
 * GET of a repository's tags (end-8), in byte order: a page of them with `n`, which `Link` leads on from, and all of them
 * without, as Distribution answers.
 */
export async function listTags(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = parseRepositoryName(param(ctx, 'name'));
  ctx.state.logFields['repository'] = name;
  const [n, last] = [query(ctx, 'n'), query(ctx, 'last')];
  if (n === undefined) return sendAll(node, ctx, name, last);
  const limit = parseLimit(n, node.limits.tagsMax);
  const { tags, more } = await node.content.tags.list(name, { last, limit });
  if (tags.length === 0) await checkRepository(node, name);
  linkNext(node, ctx, `/v2/${name}/tags/list`, { limit, last: more ? tags.at(-1) : undefined });
  ctx.set('Content-Type', 'application/json');
  ctx.body = Buffer.from(JSON.stringify({ name, tags }));
}

async function sendAll(
  node: ApiNode,
  ctx: RouteContext,
  name: RepositoryName,
  last: string | undefined,
): Promise<void> {
  const pieces = batchesOf(node.content.tags.all(name, last), TAGS_AT_ONCE);
  // Before anything is written: the answer can still be an error.
  const first = await pieces.next();
  if (first.done) await checkRepository(node, name);
  ctx.set('Content-Type', 'application/json');
  if (first.done || first.value.length < TAGS_AT_ONCE) {
    ctx.body = Buffer.from(JSON.stringify({ name, tags: first.value ?? [] }));
    return;
  }
  ctx.respond = false;
  ctx.res.statusCode = 200;
  // Should the store fail now, the connection breaks off: nobody takes a part for the whole.
  await pipeline(Readable.from(json(name, first.value, pieces)), ctx.res);
}

async function* json(
  name: RepositoryName,
  first: readonly Tag[],
  others: AsyncIterable<readonly Tag[]>,
): AsyncGenerator<string> {
  const inner = (piece: readonly Tag[]) => JSON.stringify(piece).slice(1, -1);
  yield `{"name":${JSON.stringify(name)},"tags":[${inner(first)}`;
  for await (const piece of others) yield `,${inner(piece)}`;
  yield ']}';
}

async function checkRepository(node: ApiNode, name: RepositoryName): Promise<void> {
  if (!(await node.content.manifests.repositoryExists(name)))
    throw new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`, { name });
}

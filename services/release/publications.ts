import type { RouteContext } from '../http/context.ts';
import { param, query } from '../http/parameters.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import type { Publications } from './schemas.ts';
import type { ReleaseService } from './service.ts';

const PAGE_MAX = 100;

/** GET of the publication log, newest first. */
export async function getPublications(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const head = await service.content.log.head();
  const before = number(query(ctx, 'before'), 'before') ?? head + 1;
  const limit = Math.min(number(query(ctx, 'limit'), 'limit') ?? 20, PAGE_MAX);
  const first = Math.min(before - 1, head);
  const publications = [];
  for (let seq = first; seq > 0 && publications.length < limit; seq--) {
    const entry = await service.content.log.read(seq);
    if (entry) publications.push(entry);
  }
  const oldest = publications.at(-1)?.seq;
  ctx.body = {
    head,
    publications,
    ...(oldest !== undefined && oldest > 1 && { next: oldest }),
  } satisfies Publications;
}

/** GET of one entry. */
export async function getPublication(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const seq = number(param(ctx, 'seq'), 'seq');
  const entry = seq ? await service.content.log.read(seq) : undefined;
  if (entry === undefined)
    throw new RegistryError('PUBLICATION_UNKNOWN', 'the publication log has no such entry', { seq });
  ctx.body = entry;
}

function number(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text))
    throw new RegistryError('PARAMETER_INVALID', `${name}: expected a whole number`);
  return Number(text);
}

import type { RouteContext } from '../http/context.ts';
import { param, query } from '../http/parameters.ts';
import type { Grants } from '../registry/access/grants.ts';
import { RegistryError } from '../registry/oci/errors.ts';
import { isRepositoryName } from '../registry/oci/names.ts';
import type { Publication } from '../registry/publishing/publication/entry.ts';
import { DAMAGED, orDamaged } from '../registry/storage/json.ts';
import type { PublicationLine, Publications } from './schemas.ts';
import type { ReleaseService } from './service.ts';

const PAGE_MAX = 100;
/** Bounds what one request reads if the client may see few entries. */
const READS_MAX = 200;
/** An entry may name thousands of blobs: a page ends with the entry that reaches this many. */
const BLOBS_MAX = 10_000;

/** GET of the publication log, newest first: the entries of repositories that the client may pull from. */
export async function getPublications(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const head = await service.content.log.head();
  const before = number(query(ctx, 'before'), 'before') ?? head + 1;
  const limit = Math.min(number(query(ctx, 'limit'), 'limit') ?? 20, PAGE_MAX);
  const first = Math.min(before - 1, head);
  const publications: PublicationLine[] = [];
  const damaged: number[] = [];
  let blobs = 0;
  let seq = first;
  const isFull = () => publications.length + damaged.length >= limit || blobs >= BLOBS_MAX;
  for (; seq > Math.max(0, first - READS_MAX) && !isFull(); seq--) {
    const entry = await orDamaged(service.content.log.read(seq));
    const line = entry === undefined || entry === DAMAGED ? undefined : visible(entry, ctx.state.principal);
    if (entry === DAMAGED) damaged.push(seq);
    if (line === undefined) continue;
    publications.push(line);
    blobs += Object.values(line.collections).reduce((sum, each) => sum + each.length, 0);
  }
  const next = seq + 1;
  const hasMore = seq > 0 && next <= first;
  ctx.body = {
    head,
    publications,
    ...(damaged.length > 0 && { damaged }),
    ...(hasMore && { next }),
  } satisfies Publications;
}

/** GET of one entry. */
export async function getPublication(service: ReleaseService, ctx: RouteContext): Promise<void> {
  const seq = number(param(ctx, 'seq'), 'seq');
  const entry = seq ? await service.content.log.read(seq) : undefined;
  const line = entry && visible(entry, ctx.state.principal);
  if (line === undefined)
    throw new RegistryError(
      'PUBLICATION_UNKNOWN',
      'the publication log has no such entry that you may see: it shows what you may pull',
      { seq },
    );
  ctx.body = line;
}

/** What a client may see of an entry; undefined for nothing. */
function visible(entry: Publication, client: Grants): PublicationLine | undefined {
  const maySee = (name: string) => isRepositoryName(name) && client.maySee(name);
  if (!maySee(entry.target.repository)) return undefined;
  const { source, ...rest } = entry;
  return maySee(source.repository) ? entry : rest;
}

function number(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text))
    throw new RegistryError('PARAMETER_INVALID', `${name}: expected a whole number`);
  return Number(text);
}

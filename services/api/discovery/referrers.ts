import type { RouteContext } from '../../http/context.ts';
import { param, query } from '../../http/parameters.ts';
import { type Digest, isDigest, parseDigest } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { OCI_INDEX } from '../../registry/oci/manifest.ts';
import { parseRepositoryName } from '../../registry/oci/names.ts';
import type { ApiNode } from '../node.ts';
import { linkNext, parseLimit } from './pages.ts';

/** Most referrers in one answer; with more, a `Link` leads on, and also where a filter left out all that a page may read. */
const REFERRERS_MAX = 1000;

/**
 * GET of the manifests that name this one as their subject (end-12), as an OCI index. Empty, not 404, for a subject
 * that nobody knows: 404 would say that this registry has no such list.
 */
export async function listReferrers(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = parseRepositoryName(param(ctx, 'name'));
  const subject = parseDigest(param(ctx, 'digest'));
  ctx.state.logFields['repository'] = name;
  ctx.state.logFields['digest'] = subject;
  const artifactType = query(ctx, 'artifactType');
  const limit = Math.max(1, parseLimit(query(ctx, 'n'), REFERRERS_MAX));
  const page = { artifactType, last: placeOf(query(ctx, 'last')), limit };
  const { referrers, next } = await node.content.referrers.list(name, subject, page);
  if (artifactType !== undefined) ctx.set('OCI-Filters-Applied', 'artifactType');
  const filter = artifactType === undefined ? {} : { artifactType };
  linkNext(node, ctx, `/v2/${name}/referrers/${subject}`, { limit, last: next }, filter);
  ctx.set('Content-Type', OCI_INDEX);
  ctx.body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers }));
}

/** Where a page begins, as the `Link` of the page before says. */
function placeOf(last: string | undefined): Digest | undefined {
  if (last === undefined || isDigest(last)) return last;
  throw new RegistryError('PARAMETER_INVALID', 'last is a digest: follow the Link of the page before', {
    last: last.slice(0, 200),
  });
}

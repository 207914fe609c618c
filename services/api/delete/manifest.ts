import { setTimeout as sleep } from 'node:timers/promises';
import { recordChange } from '../../http/audit.ts';
import type { RouteContext } from '../../http/context.ts';
import { answerEmpty } from '../../http/empty.ts';
import { param } from '../../http/parameters.ts';
import type { Handler } from '../../http/routes.ts';
import { namesOf } from '../../registry/content/manifests.ts';
import type { Deletion } from '../../registry/notifications/event.ts';
import type { Digest } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { parseReference, type RepositoryName, type Tag } from '../../registry/oci/names.ts';
import { tellChanges } from '../events.ts';
import type { ApiNode } from '../node.ts';
import { deletableName } from '../writes.ts';

/**
 * DELETE of a tag, or of a manifest by its digest and then of every tag that names it (end-9). Tags go first: a tag
 * that named nothing would be listed and could not be pulled.
 */
export function deleteManifest(node: ApiNode): Handler {
  return async (ctx) => {
    const name = deletableName(node, ctx, 'GET, HEAD, PUT');
    const reference = parseReference(param(ctx, 'reference'));
    if (reference.kind === 'tag') await deleteByTag(node, ctx, name, reference.tag);
    else await deleteByDigest(node, ctx, name, reference.digest);
    // What was deleted is gone at every node: another one may be asked next.
    await sleep(node.changes.settleMs);
    answerEmpty(ctx, 202);
  };
}

async function deleteByTag(node: ApiNode, ctx: RouteContext, name: RepositoryName, tag: Tag): Promise<void> {
  if (!(await node.content.tags.has(name, tag)))
    throw new RegistryError('MANIFEST_UNKNOWN', `${name} has no such tag`, { tag });
  await recordChange(node.audit, ctx, { action: 'tag.delete', repository: name, tags: [tag] });
  // Before, for a client whose delete broke off after it was done hears 404 when it tries again.
  await tellChanges(node, ctx, [deletion(name, { tag })]);
  await deleteTag(node, name, tag);
}

async function deleteByDigest(
  node: ApiNode,
  ctx: RouteContext,
  name: RepositoryName,
  digest: Digest,
): Promise<void> {
  ctx.state.logFields['digest'] = digest;
  const { manifests, tags } = node.content;
  const manifest = await manifests.get(name, digest);
  if (manifest === undefined)
    throw new RegistryError('MANIFEST_UNKNOWN', `${name} has no such manifest`, { digest });
  const names = new Set(namesOf(manifest));
  const naming = await tags.naming(name, names);
  await recordChange(node.audit, ctx, { action: 'manifest.delete', repository: name, digest, tags: naming });
  await tellChanges(node, ctx, [deletion(name, { digest }), ...naming.map((tag) => deletion(name, { tag }))]);
  for (const tag of naming) await deleteTag(node, name, tag);
  await manifests.unlink(name, digest);
  for (const removed of names) {
    node.reader.contentRemoved(name, removed);
    node.changes.publish({ kind: 'content-removed', repository: name, digest: removed });
  }
}

async function deleteTag(node: ApiNode, name: RepositoryName, tag: Tag): Promise<void> {
  await node.content.tags.delete(name, tag);
  node.reader.tagMoved(name, tag);
  node.changes.publish({ kind: 'tag-moved', repository: name, tag });
}

function deletion(repository: RepositoryName, what: { digest?: Digest; tag?: Tag }): Deletion {
  return { action: 'delete', repository, ...what };
}

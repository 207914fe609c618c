import { allowCaching } from '../../http/caching.ts';
import { isNotModified } from '../../http/conditional.ts';
import type { RouteContext } from '../../http/context.ts';
import { param } from '../../http/parameters.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { parseReference, parseRepositoryName } from '../../registry/oci/names.ts';
import type { ApiNode } from '../node.ts';
import { noteManifest } from './mirror-for.ts';
import { notePull } from './note-pull.ts';

/** GET and HEAD of a manifest (end-3), by tag or digest: the bytes exactly as they were pushed. */
export async function getManifest(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = parseRepositoryName(param(ctx, 'name'));
  const reference = parseReference(param(ctx, 'reference'));
  ctx.state.logFields['repository'] = name;
  const manifest = await node.reader.manifest(name, reference);
  if (manifest === undefined) {
    if (!(await node.content.manifests.repositoryExists(name)))
      throw new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`, { name });
    throw new RegistryError('MANIFEST_UNKNOWN', `${name} has no such manifest`, {
      reference: reference.kind === 'tag' ? reference.tag : reference.digest,
    });
  }
  const { digest, mediaType, bytes } = manifest;
  ctx.state.logFields['digest'] = digest;
  noteManifest(node, ctx, name, digest);
  // Also by its digest: whether this repository has it, and for whom, changes.
  allowCaching(ctx, 'client, asking again');
  ctx.set('Docker-Content-Digest', digest);
  ctx.set('ETag', `"${digest}"`);
  if (isNotModified(ctx.get('if-none-match'), digest)) {
    ctx.status = 304;
    return;
  }
  const tag = reference.kind === 'tag' ? reference.tag : undefined;
  notePull(node, ctx, {
    kind: 'manifest',
    action: 'pull',
    repository: name,
    mediaType,
    digest,
    bytes,
    tag,
  });
  ctx.set('Content-Type', mediaType);
  ctx.body = bytes;
}

import { readBody } from '../../http/body.ts';
import type { RouteContext } from '../../http/context.ts';
import { answerEmpty } from '../../http/empty.ts';
import { goneSignal } from '../../http/gone.ts';
import { param, queryAll } from '../../http/parameters.ts';
import { requesterOf } from '../../http/requester.ts';
import { warn } from '../../http/warning.ts';
import { pushManifest } from '../../registry/content/push-manifest.ts';
import { algorithmOf } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { LimitError } from '../../registry/oci/limit-error.ts';
import { type Child, MANIFEST_MAX_BYTES, type Manifest, parseManifest } from '../../registry/oci/manifest.ts';
import { checkShape } from '../../registry/oci/manifest-shape.ts';
import { parseReference, parseTag, type Reference, type Tag } from '../../registry/oci/names.ts';
import type { ApiNode } from '../node.ts';
import { writableName } from '../writes.ts';
import { parseTagCondition } from './tag-condition.ts';

/** Tags of one request; the specification asks for ten at least. */
const TAGS_MAX = 100;

/** PUT of a manifest (end-7): by a tag, or by its digest with any tags. */
export async function putManifest(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = writableName(node, ctx);
  const reference = parseReference(param(ctx, 'reference'));
  const tags = tagsToMove(ctx, reference);
  const condition = parseTagCondition(ctx, tags);
  const bytes = await readManifestBody(ctx);
  checkShape(bytes, node.manifestLimits);
  const manifest = parseManifest(
    bytes,
    contentType(ctx.get('content-type')),
    reference.kind === 'digest' ? algorithmOf(reference.digest) : 'sha256',
    node.manifestLimits,
  );
  const { digest } = manifest;
  ctx.state.logFields['digest'] = digest;
  if (reference.kind === 'digest' && reference.digest !== digest)
    throw new RegistryError('DIGEST_INVALID', 'the manifest has another digest than the URL', {
      given: reference.digest,
      actual: digest,
    });
  const absent = await pushManifest(node, requesterOf(node, ctx), {
    ...{ repository: name, manifest, rules: node.rules, tags, condition, signal: goneSignal(ctx.res) },
  });
  node.metrics.uploadedBytes.inc(manifest.bytes.length);
  answerEmpty(ctx, 201);
  ctx.set('Location', node.urlOf(ctx, `/v2/${name}/manifests/${digest}`));
  ctx.set('Docker-Content-Digest', digest);
  if (manifest.subject) ctx.set('OCI-Subject', manifest.subject.digest);
  // One line each: readers in Go do not split lists.
  if (reference.kind === 'digest' && tags.length > 0) ctx.set('OCI-Tag', [...tags]);
  warnAbout(ctx, manifest, absent);
}

/** The tag in the URL, or those given with a digest as `?tag=` (end-7b). */
function tagsToMove(ctx: RouteContext, reference: Reference): readonly Tag[] {
  const given = queryAll(ctx, 'tag');
  if (reference.kind === 'tag') {
    if (given.length > 0)
      throw new RegistryError('PARAMETER_INVALID', '?tag= goes with a digest in the URL, not with a tag');
    return [reference.tag];
  }
  if (given.length > TAGS_MAX)
    throw new LimitError('pushed_tags', 'TAGS_TOO_MANY', `at most ${TAGS_MAX} tags go with one manifest`);
  return [...new Set(given.map(parseTag))];
}

function readManifestBody(ctx: RouteContext): Promise<Buffer> {
  const tooLarge = () =>
    new LimitError(
      'manifest_bytes',
      'MANIFEST_TOO_LARGE',
      `a manifest may have at most ${MANIFEST_MAX_BYTES} bytes`,
    );
  return readBody(ctx.req, MANIFEST_MAX_BYTES, tooLarge);
}

/** The header's media type without parameters; undefined without one. */
function contentType(header: string): string | undefined {
  return header.split(';')[0]?.trim() || undefined;
}

/** Warns of what was accepted and may surprise someone later. */
function warnAbout(ctx: RouteContext, manifest: Manifest, absent: readonly Child[]): void {
  if (absent.length > 0)
    warn(
      ctx,
      `${absent.length} of the ${manifest.manifests.length} manifests that this index lists are not in this repository`,
    );
  if (manifest.foreign.length > 0)
    warn(
      ctx,
      'non-distributable layers are deprecated: this registry may lack them, and clients then need the URLs',
    );
}

import { readBody } from '../../http/body.ts';
import { answerEmpty } from '../../http/empty.ts';
import { type Handler, param } from '../../http/routes.ts';
import { RegistryError } from '../../registry/errors.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../../registry/manifest.ts';
import { parseReference, parseRepositoryName } from '../../registry/names.ts';
import { refusePushToStable } from '../../registry/promotion/policy.ts';
import type { ApiNode } from '../node.ts';

/** PUT of a manifest (end-7). The tag moves last, when all that the manifest names is known to be there. */
export function putManifest(node: ApiNode): Handler {
  return async (ctx) => {
    const name = parseRepositoryName(param(ctx, 'name'));
    const reference = parseReference(param(ctx, 'reference'));
    ctx.state.facts['repository'] = name;
    refusePushToStable(node.policy, name);
    const bytes = await readBody(
      ctx.req,
      MANIFEST_MAX_BYTES,
      () =>
        new RegistryError('MANIFEST_TOO_LARGE', `a manifest may have at most ${MANIFEST_MAX_BYTES} bytes`),
    );
    const manifest = parseManifest(bytes, contentType(ctx.get('content-type')));
    ctx.state.facts['digest'] = manifest.digest;
    if (reference.kind === 'digest' && reference.digest !== manifest.digest)
      throw new RegistryError('DIGEST_INVALID', 'the manifest has another digest than the URL', {
        given: reference.digest,
        actual: manifest.digest,
      });
    await node.content.manifests.put(name, manifest);
    if (reference.kind === 'tag') {
      await node.content.tags.move(name, reference.tag, manifest.digest);
      node.changes.publish({ kind: 'tag-moved', repository: name, tag: reference.tag });
    }
    node.metrics.uploadedBytes.inc(bytes.length);
    answerEmpty(ctx, 201);
    ctx.set('Location', `/v2/${name}/manifests/${manifest.digest}`);
    ctx.set('Docker-Content-Digest', manifest.digest);
  };
}

/** The header's media type without parameters; undefined when there is none. */
function contentType(header: string): string | undefined {
  return header.split(';')[0]?.trim() || undefined;
}

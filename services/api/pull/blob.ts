import type { RouteContext } from '../../http/context.ts';
import { answerEmpty } from '../../http/empty.ts';
import { param } from '../../http/parameters.ts';
import { sendBlob } from '../../http/send-blob.ts';
import { OPEN_ACCESS } from '../../registry/access/grants.ts';
import { SMALL_BLOB_MAX_BYTES } from '../../registry/content/integrity.ts';
import { withPinnedBlob } from '../../registry/content/pinned-blob.ts';
import { type Digest, parseDigest } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { parseRepositoryName, type RepositoryName } from '../../registry/oci/names.ts';
import { isStable } from '../../registry/oci/repository-classes.ts';
import type { ApiNode } from '../node.ts';
import { decide } from './mirror-for.ts';
import { notePull } from './note-pull.ts';
import { storeUrl } from './store-url.ts';

/**
 * GET and HEAD of a blob (end-2). The life of the request: parse, find the blob in this repository, decide who
 * serves it, and answer with a redirect to a mirror or into the store, or with the bytes. Once warm, everything before
 * the bytes happens in memory; but a HEAD by a client that may push asks the store, as it skips an upload because of it.
 */
export async function getBlob(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = parseRepositoryName(param(ctx, 'name'));
  const digest = parseDigest(param(ctx, 'digest'));
  ctx.state.logFields['repository'] = name;
  ctx.state.logFields['digest'] = digest;

  const blob =
    ctx.method === 'HEAD' && mayPush(node, ctx, name)
      ? // A client that pushes will not upload what this says is there.
        await withPinnedBlob(node.content, await node.content.blobs.resolve(name, digest), () =>
          node.content.blobs.stat(name, digest),
        )
      : await node.reader.blob(name, digest);
  if (blob === undefined) throw unknownBlob(name, digest);

  // Small blobs are sent from what was verified, never straight from the store.
  const isSmall = ctx.method === 'GET' && blob.sizeBytes <= SMALL_BLOB_MAX_BYTES;
  const bytes = isSmall ? await node.reader.smallBlob(blob.digest) : undefined;
  if (isSmall && bytes === undefined) throw unknownBlob(name, digest);

  const { sizeBytes } = blob;
  notePull(node, ctx, { kind: 'blob', action: 'pull', repository: name, digest, sizeBytes });
  if (ctx.method === 'GET') {
    const { decision, attempt } = await decide(node, ctx, name, blob);
    const again = attempt > 0 ? `; attempt=${attempt}` : '';
    if (decision.kind === 'redirect') {
      const { mirror, rule, url } = decision;
      ctx.state.logFields['decision'] = mirror;
      ctx.state.logFields['reason'] = rule;
      node.metrics.redirects.inc({ mirror, rule });
      return redirect(ctx, url, digest, `mirror=${mirror}; rule=${rule}${again}`);
    }
    const { reason } = decision;
    ctx.state.logFields['reason'] = reason;
    const url = reason === 'small' ? undefined : await storeUrl(node, ctx, blob.digest);
    if (url !== undefined) {
      ctx.state.logFields['decision'] = 'store';
      node.metrics.sentToStore.inc({ reason });
      return redirect(ctx, url, digest, `store; reason=${reason}${again}`);
    }
    ctx.state.logFields['decision'] = 'serve';
    node.metrics.served.inc({ reason });
    ctx.set('Roadstead-Decision', `serve; reason=${reason}${again}`);
  }
  await sendBlob(ctx, {
    digest,
    sizeBytes: bytes?.length ?? sizeBytes,
    isPublic: ctx.state.principal === OPEN_ACCESS,
    bytes,
    send: (range, sink) => node.content.blobs.send(blob.digest, range, sink),
  });
}

function unknownBlob(name: RepositoryName, digest: Digest): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', `${name} has no such blob`, { digest });
}

/** `why` is for people who read headers. */
function redirect(ctx: RouteContext, url: string, digest: Digest, why: string): void {
  ctx.set('Location', url);
  ctx.set('Docker-Content-Digest', digest);
  ctx.set('Roadstead-Decision', why);
  answerEmpty(ctx, 302);
}

/** Whether the client of this request may push to the repository, and it takes pushes. */
function mayPush({ policy, readOnly }: ApiNode, ctx: RouteContext, name: RepositoryName): boolean {
  if (!readOnly.takesWrites || (policy !== undefined && isStable(policy, name))) return false;
  return ctx.state.principal.decide({ type: 'repository', name, action: 'push' }).isAllowed;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { RouteContext } from '../http/context.ts';
import { answerEmpty } from '../http/empty.ts';
import { goneSignal } from '../http/gone.ts';
import { param } from '../http/parameters.ts';
import { requesterOf } from '../http/requester.ts';
import { removeBlob, removeManifest, removeTag } from '../registry/content/delete.ts';
import { parseDigest } from '../registry/oci/digest.ts';
import { parseReference } from '../registry/oci/names.ts';
import type { ApiNode } from './node.ts';
import { deletableName } from './writes.ts';

/** DELETE of a tag, or of a manifest by its digest and then of every tag that names it (end-9). */
export async function deleteManifest(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = deletableName(node, ctx, 'GET, HEAD, PUT');
  const reference = parseReference(param(ctx, 'reference'));
  const requester = requesterOf(node, ctx);
  const gone = goneSignal(ctx.res);
  if (reference.kind === 'tag') await removeTag(node, requester, name, reference.tag, gone);
  else {
    ctx.state.logFields['digest'] = reference.digest;
    await removeManifest(node, requester, name, reference.digest, gone);
  }
  await answerDeleted(node, ctx);
}

/** DELETE of a blob (end-10): takes it from this repository; its bytes stay for garbage collection. */
export async function deleteBlob(node: ApiNode, ctx: RouteContext): Promise<void> {
  const name = deletableName(node, ctx, 'GET, HEAD');
  const digest = parseDigest(param(ctx, 'digest'));
  ctx.state.logFields['digest'] = digest;
  await removeBlob(node, requesterOf(node, ctx), name, digest, goneSignal(ctx.res));
  await answerDeleted(node, ctx);
}

/** Answers when what was deleted is gone at every node: the client may ask another one next. */
async function answerDeleted(node: ApiNode, ctx: RouteContext): Promise<void> {
  await sleep(node.changes.settleMs);
  answerEmpty(ctx, 202);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { recordChange } from '../../http/audit.ts';
import { answerEmpty } from '../../http/empty.ts';
import { param } from '../../http/parameters.ts';
import type { Handler } from '../../http/routes.ts';
import { parseDigest } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import { tellChanges } from '../events.ts';
import type { ApiNode } from '../node.ts';
import { deletableName } from '../writes.ts';

/** DELETE of a blob (end-10): takes it from this repository; the bytes are garbage collection's. */
export function deleteBlob(node: ApiNode): Handler {
  return async (ctx) => {
    const name = deletableName(node, ctx, 'GET, HEAD');
    const digest = parseDigest(param(ctx, 'digest'));
    ctx.state.logFields['digest'] = digest;
    // Damaged bytes can be deleted, too.
    const stored = await node.content.blobs.resolveData(name, digest);
    if (stored === undefined) throw new RegistryError('BLOB_UNKNOWN', `${name} has no such blob`, { digest });
    await recordChange(node.audit, ctx, { action: 'blob.delete', repository: name, digest });
    // Before, for a client whose delete broke off after it was done hears 404 when it tries again.
    await tellChanges(node, ctx, [{ action: 'delete', repository: name, digest }]);
    await node.content.blobs.unlink(name, digest);
    for (const removed of new Set([digest, stored])) {
      node.reader.contentRemoved(name, removed);
      node.changes.publish({ kind: 'content-removed', repository: name, digest: removed });
    }
    await sleep(node.changes.settleMs);
    answerEmpty(ctx, 202);
  };
}

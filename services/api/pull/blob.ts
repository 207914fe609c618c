import { answerEmpty } from '../../http/empty.ts';
import { type Handler, param } from '../../http/routes.ts';
import { sendBlob } from '../../http/send-blob.ts';
import { parseDigest, type Sha256Digest } from '../../registry/digest.ts';
import { RegistryError } from '../../registry/errors.ts';
import { type Decision, locate } from '../../registry/mirrors/locate.ts';
import { parseRepositoryName, type RepositoryName } from '../../registry/names.ts';
import { isCandidate } from '../../registry/promotion/policy.ts';
import { SMALL_BLOB_MAX_BYTES } from '../../registry/pull/reader.ts';
import { tellBlobPulled } from '../events.ts';
import type { ApiNode } from '../node.ts';
import { heldBlob } from '../push/held-blob.ts';

/**
 * GET and HEAD of a blob (end-2). The life of the request: parse, find the blob in this repository, decide who
 * serves it, and answer with a redirect or with the bytes. Once warm, all of it up to the bytes happens in memory; but
 * a HEAD where pushes are taken asks the store, as those who push skip an upload on its word.
 */
export function getBlob(node: ApiNode): Handler {
  return async (ctx) => {
    const name = parseRepositoryName(param(ctx, 'name'));
    const digest = parseDigest(param(ctx, 'digest'));
    ctx.state.facts['repository'] = name;
    ctx.state.facts['digest'] = digest;

    const blob =
      ctx.method === 'HEAD' && isOpenToPushes(node, name)
        ? // Whoever pushes will not upload what this says is there.
          await heldBlob(node.content, await node.content.blobs.resolve(name, digest), () =>
            node.content.blobs.stat(name, digest),
          )
        : await node.reader.blob(name, digest);
    if (blob === undefined) throw new RegistryError('BLOB_UNKNOWN', `${name} has no such blob`, { digest });

    tellBlobPulled(node, ctx, name, digest, blob);
    if (ctx.method === 'GET') {
      const decision = await decide(node, blob.digest, blob.sizeBytes, ctx.state.clientAddress);
      ctx.state.facts['decision'] = decision.kind === 'redirect' ? decision.mirror : 'serve';
      ctx.state.facts['reason'] = decision.kind === 'redirect' ? decision.rule : decision.reason;
      if (decision.kind === 'redirect') {
        node.metrics.redirects.inc({ mirror: decision.mirror, rule: decision.rule });
        ctx.set('Location', decision.url);
        ctx.set('Docker-Content-Digest', digest);
        ctx.set('Roadstead-Decision', `mirror=${decision.mirror}; rule=${decision.rule}`);
        // The next request may have to be sent elsewhere.
        ctx.set('Cache-Control', 'no-store');
        answerEmpty(ctx, 302);
        return;
      }
      node.metrics.served.inc({ reason: decision.reason });
      ctx.set('Roadstead-Decision', `serve; reason=${decision.reason}`);
    }
    await sendBlob(ctx, {
      digest,
      sizeBytes: blob.sizeBytes,
      bytes:
        ctx.method === 'GET' && blob.sizeBytes <= SMALL_BLOB_MAX_BYTES
          ? await node.reader.smallBlob(blob.digest)
          : undefined,
      send: (range, sink) => node.content.blobs.send(blob.digest, range, sink),
    });
  };
}

function isOpenToPushes({ policy, readOnly }: ApiNode, name: RepositoryName): boolean {
  return readOnly.takesWrites && (policy === undefined || isCandidate(policy, name));
}

async function decide(
  node: ApiNode,
  digest: Sha256Digest,
  sizeBytes: number,
  clientAddress: string,
): Promise<Decision> {
  const mirrors = node.redirects ? node.board.states : [];
  const isSmall = sizeBytes <= SMALL_BLOB_MAX_BYTES;
  return locate({
    digest,
    sizeBytes,
    // Not worth a look-up where it cannot change the decision.
    publication: isSmall || mirrors.length === 0 ? 0 : await node.publications.number(digest),
    clientAddress,
    mirrors,
    smallBlobMaxBytes: SMALL_BLOB_MAX_BYTES,
  });
}

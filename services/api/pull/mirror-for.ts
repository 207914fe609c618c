import type { RouteContext } from '../../http/context.ts';
import type { BlobStat } from '../../registry/content/blobs.ts';
import { SMALL_BLOB_MAX_BYTES } from '../../registry/content/integrity.ts';
import type { Digest } from '../../registry/oci/digest.ts';
import type { RepositoryName } from '../../registry/oci/names.ts';
import { type Decision, locate } from '../../registry/publishing/mirrors/locate.ts';
import { clientKeyOf } from '../../registry/publishing/mirrors/trouble/client-key.ts';
import { UNTROUBLED } from '../../registry/publishing/mirrors/trouble/history.ts';
import type { ApiNode } from '../node.ts';
import { rangeKindOf } from './asked-range.ts';

/** A decision, and how often the client recently asked for the same blob before. */
export interface Answer {
  readonly decision: Decision;
  readonly attempt: number;
}

/**
 * Decides who sends the bytes of a blob to the client of a GET. Remembers where that is, and notices when a client comes
 * back from a mirror; the log line says so.
 */
export async function decide(
  node: ApiNode,
  ctx: RouteContext,
  repository: RepositoryName,
  blob: BlobStat,
): Promise<Answer> {
  const { digest, sizeBytes } = blob;
  const { clientAddress } = ctx.state;
  const mirrors = node.redirects ? node.board.states : [];
  const isSmall = sizeBytes <= SMALL_BLOB_MAX_BYTES;
  const range = rangeKindOf(ctx.get('range'), sizeBytes);
  if (range !== undefined) ctx.state.logFields['range'] = range;
  // Not worth a look-up where it cannot change the decision.
  const publication = isSmall || mirrors.length === 0 ? 0 : await node.publications.number(digest);
  const request = {
    ...{ digest, sizeBytes, publication, clientAddress, mirrors },
    smallBlobMaxBytes: SMALL_BLOB_MAX_BYTES,
  };
  if (publication === 0) return { decision: locate({ ...request, history: UNTROUBLED }), attempt: 0 };

  const client = clientOf(ctx);
  const ask = { client, repository, digest, publication, isPart: range === 'part' };
  const { history, failedMirror } = node.troubles.meet(ask);
  if (failedMirror !== undefined) node.metrics.repeats.inc({ mirror: failedMirror });
  const decision = locate({ ...request, history, factors: node.troubles.weightFactors() });
  if (decision.kind === 'redirect') node.troubles.note(ask, decision.mirror);
  else if (decision.reason === 'retried' || failedMirror !== undefined) node.troubles.note(ask, undefined);
  if (history.attempt > 0) ctx.state.logFields['attempt'] = history.attempt;
  return { decision, attempt: history.attempt };
}

/** Notes that the client of a request asked for a manifest: one that does so again may have failed at a mirror. */
export function noteManifest(
  node: ApiNode,
  ctx: RouteContext,
  repository: RepositoryName,
  digest: Digest,
): void {
  if (!node.redirects || node.board.states.length === 0) return;
  node.troubles.askedForManifest(clientOf(ctx), repository, digest);
}

function clientOf(ctx: RouteContext): string {
  const { clientAddress, principal } = ctx.state;
  return clientKeyOf({
    ...{ address: clientAddress, userAgent: ctx.get('user-agent') },
    ...{ principalKind: principal.kind, principalName: principal.name },
  });
}

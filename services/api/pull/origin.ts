import type { RouteContext } from '../../http/context.ts';
import { param } from '../../http/parameters.ts';
import { sendBlob } from '../../http/send-blob.ts';
import { SMALL_BLOB_MAX_BYTES } from '../../registry/content/integrity.ts';
import { parseSha256 } from '../../registry/oci/digest.ts';
import { RegistryError } from '../../registry/oci/errors.ts';
import type { ApiNode } from '../node.ts';

/**
 * The origin path: what a mirror cannot serve it sends back here ("bounce"). Answers only for blobs that are public now:
 * published by a repository from which a client without credentials may pull at this address today. Anything else looks
 * like what is not there. Never answers with a redirect, so no request can go round in circles.
 */
export async function getOrigin(node: ApiNode, ctx: RouteContext): Promise<void> {
  const digest = parseSha256(`${param(ctx, 'algorithm')}:${param(ctx, 'hex')}`);
  ctx.state.logFields['digest'] = digest;
  ctx.state.logFields['decision'] = 'serve';
  ctx.state.logFields['reason'] = 'bounced';
  const { clientAddress } = ctx.state;
  const seq = param(ctx, 'hex').startsWith(param(ctx, 'prefix')) ? await node.publications.number(digest) : 0;
  const audience = seq === 0 ? 'nobody' : await node.publicBlobs.audience(digest, seq, clientAddress);
  const blob = audience === 'nobody' ? undefined : await node.content.blobs.statData(digest);
  const isSmall = blob !== undefined && blob.sizeBytes <= SMALL_BLOB_MAX_BYTES;
  const bytes = isSmall ? await node.reader.smallBlob(digest) : undefined;
  if (blob === undefined || (isSmall && bytes === undefined))
    throw new RegistryError('BLOB_UNKNOWN', 'no such blob is published', { digest });
  if (ctx.method === 'GET') node.metrics.served.inc({ reason: 'bounced' });
  await sendBlob(ctx, {
    ...blob,
    sizeBytes: bytes?.length ?? blob.sizeBytes,
    ...{ isPublic: audience === 'everyone', bytes },
    send: (range, sink) => node.content.blobs.send(digest, range, sink),
  });
}

import type { RouteContext } from '../http/context.ts';
import { requestInfoOf } from '../http/request-info.ts';
import type { BlobStat } from '../registry/content/blobs.ts';
import type { ChangeEvent } from '../registry/notifications/event.ts';
import type { Digest } from '../registry/oci/digest.ts';
import type { Manifest } from '../registry/oci/manifest.ts';
import type { RepositoryName, Tag } from '../registry/oci/names.ts';
import type { ApiNode } from './node.ts';

/** Keeps events of what a request changed, for the configured endpoints; to be awaited before the answer. */
export async function tellChanges(
  node: ApiNode,
  ctx: RouteContext,
  changeEvents: readonly ChangeEvent[],
): Promise<void> {
  if (node.notifier.wantsChanges)
    await node.notifier.changed(changeEvents, requestInfoOf(ctx, node.baseUrlOf(ctx)));
}

/** Takes note of a manifest that was pulled; a HEAD counts as Distribution counts it. */
export function tellManifestPulled(
  node: ApiNode,
  ctx: RouteContext,
  repository: RepositoryName,
  manifest: Manifest,
  tag: Tag | undefined,
): void {
  if (!node.notifier.wantsPulls) return;
  const { mediaType, digest, bytes } = manifest;
  const pull = { kind: 'manifest', action: 'pull', repository, mediaType, digest, bytes, tag } as const;
  node.notifier.pulled(pull, requestInfoOf(ctx, node.baseUrlOf(ctx)));
}

/** Takes note of a blob that was pulled, here or where the client was sent. */
export function tellBlobPulled(
  node: ApiNode,
  ctx: RouteContext,
  repository: RepositoryName,
  digest: Digest,
  { sizeBytes }: BlobStat,
): void {
  if (!node.notifier.wantsPulls) return;
  node.notifier.pulled(
    { kind: 'blob', action: 'pull', repository, digest, sizeBytes },
    requestInfoOf(ctx, node.baseUrlOf(ctx)),
  );
}

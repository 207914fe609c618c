import type { Context } from '../../http/context.ts';
import { isLoopback } from '../../registry/access/networks.ts';
import type { Sha256Digest } from '../../registry/oci/digest.ts';
import type { ApiNode } from '../node.ts';

/**
 * Where the client may fetch a blob from the object store itself, as Distribution sends it there; undefined where the
 * node has to serve it. Signed here, without asking the store. Never a place that this client would not get anything
 * from: this machine's loopback for one that is not on it, or a server that would be handed its credentials.
 */
export async function storeUrl(
  node: ApiNode,
  ctx: Context,
  digest: Sha256Digest,
): Promise<string | undefined> {
  if (!node.redirects) return undefined;
  const url = await node.reader.blobUrl(digest);
  if (url === undefined) return undefined;
  const { hostname } = new URL(url);
  if (isLoopback(hostname) && !isLoopback(ctx.state.clientAddress)) return undefined;
  return ctx.get('authorization') !== '' && isSentAlong(hostname, registryName(node, ctx)) ? undefined : url;
}

/**
 * Whether Go's HTTP client (1.24 and later: skopeo, podman, containerd) sends `Authorization` on to this host: the
 * registry's own name on another port, or a name below it. A store refuses what is signed twice.
 */
function isSentAlong(hostname: string, registry: string | undefined): boolean {
  // A client that did not say what it calls the registry may call it anything.
  return registry === undefined || hostname === registry || hostname.endsWith(`.${registry}`);
}

function registryName(node: ApiNode, ctx: Context): string | undefined {
  return URL.parse(node.baseUrlOf(ctx))?.hostname;
}

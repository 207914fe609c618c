import type { Target } from './check.ts';
import type { Answer } from './client.ts';
import type { ManifestItem } from './data-set.ts';

/** Puts a manifest, whatever the answer; by digest it may carry tags (end-7b, main branch). */
export function putManifest(
  on: Target,
  repository: string,
  reference: string,
  { bytes, mediaType }: Pick<ManifestItem, 'bytes' | 'mediaType'>,
  tag: readonly string[] = [],
): Promise<Answer> {
  const headers = { 'content-type': mediaType };
  return on.client.ask(`/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    headers,
    query: { tag },
    body: bytes,
  });
}

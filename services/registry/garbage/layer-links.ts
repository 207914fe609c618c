import pMap from 'p-map';
import type { Digest, Sha256Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/names.ts';
import type { DigestTable } from '../storage/digest-table.ts';
import { blobDataKey } from '../storage/layout.ts';
import { digestOfLink, isUnknownDigestLink, partPrefix } from '../storage/layout-read.ts';
import type { Blobs } from './blobs.ts';
import type { MarkOptions } from './mark.ts';
import type { StrictReader } from './reader.ts';

const STATS_AT_ONCE = 16;

/** Blobs that no manifest names, but that a client has given to a repository a moment ago, count as in use. */
export async function holdYoungLinks(
  reader: StrictReader,
  name: RepositoryName,
  inUse: DigestTable,
  published: DigestTable,
  { youngerThan }: MarkOptions,
): Promise<void> {
  await pMap(
    layerLinks(reader, name),
    async ({ key, stored }) => {
      if (inUse.has(stored) || published.has(stored)) return;
      const stat = await reader.objects.stat(key);
      if (stat && stat.modifiedAt > youngerThan) inUse.set(stored, 1);
    },
    { concurrency: STATS_AT_ONCE },
  );
}

/**
 * Links to blobs that go, so that none leads nowhere, nor to what another repository pushes later under the same
 * digest; and links that lead nowhere already.
 */
export async function uselessLayerLinks(
  reader: StrictReader,
  name: RepositoryName,
  { inUse, published, blobs }: { inUse: DigestTable; published: DigestTable; blobs: Blobs },
  { youngerThan }: MarkOptions,
): Promise<Digest[]> {
  const useless: Digest[] = [];
  for await (const { key, named, stored } of layerLinks(reader, name)) {
    if (inUse.has(stored) || published.has(stored)) continue;
    const isUseless = blobs.doomed.has(stored) || (await leadsNowhere(reader, key, stored, youngerThan));
    if (isUseless) useless.push(named);
  }
  return useless;
}

async function leadsNowhere(
  reader: StrictReader,
  key: string,
  stored: Sha256Digest,
  youngerThan: Date,
): Promise<boolean> {
  if (await reader.objects.stat(blobDataKey(stored))) return false;
  const stat = await reader.objects.stat(key);
  return stat !== undefined && stat.modifiedAt <= youngerThan;
}

async function* layerLinks(
  reader: StrictReader,
  name: RepositoryName,
): AsyncGenerator<{ key: string; named: Digest; stored: Sha256Digest }> {
  const prefix = partPrefix(name, '_layers');
  for await (const key of reader.keys(prefix)) {
    const named = digestOfLink(key, prefix);
    if (isUnknownDigestLink(key, prefix)) reader.noteUnknownDigest(key);
    const stored = named && (await reader.stored(named, key));
    if (named && stored) yield { key, named, stored };
  }
}

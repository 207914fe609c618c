import type { RepositoryName } from '../oci/names.ts';
import { DigestTable } from '../storage/digest-table.ts';
import { BLOBS_PREFIX } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { walkRepositories } from '../storage/walk.ts';
import { type Blobs, planBlobs } from './blobs.ts';
import type { RepositoryGarbage } from './garbage.ts';
import { holdYoungLinks, uselessLayerLinks } from './layer-links.ts';
import { type MarkOptions, markRepository } from './mark.ts';
import { readPublished } from './published.ts';
import { StrictReader } from './reader.ts';
import { uselessRecords } from './records.ts';

/**
 * What is garbage, and so what a collection would delete, or deletes. Costs up to 115 bytes for each blob that is in
 * use, as much for each that goes, and a hundred for each link that goes.
 */
export interface GarbagePlan {
  /** Those repositories from which something goes. */
  readonly repositories: readonly RepositoryGarbage[];
  readonly blobs: Blobs;
}

export interface PlanOptions extends MarkOptions {
  readonly signal?: AbortSignal;
  /** Hears what is being looked at. */
  readonly onArea?: (area: string) => void;
}

/**
 * Finds out what is garbage; changes nothing. Throws {@link import('./reader.ts').UnreadableError} when something that
 * may refer to content cannot be read.
 */
export async function planGarbage(objects: ObjectStore, options: PlanOptions): Promise<GarbagePlan> {
  const { signal, onArea } = options;
  const reader = new StrictReader(objects, signal);
  const inUse = new DigestTable();
  // Without any bytes every manifest would be named below, and not why.
  await reader.objects.list({ prefix: BLOBS_PREFIX, limit: 1 }, signal);
  onArea?.('the publication log');
  const { blobs: published, open } = await readPublished(reader, Date.now());
  const names: RepositoryName[] = [];
  const found = new Map<RepositoryName, Omit<RepositoryGarbage, 'layers'>>();
  for await (const each of walkRepositories(reader.objects, signal)) {
    if (each.kind === 'stray') {
      if (each.isRepository) reader.note(`${each.key}: no repository can have this name`);
      continue;
    }
    onArea?.(each.name);
    names.push(each.name);
    const revisions = await markRepository(reader, inUse, each.name, { ...options, open });
    const garbage = await uselessRecords(reader, each.name, revisions, options);
    if (garbage.manifests.length + garbage.history.length + garbage.referrers.length > 0)
      found.set(each.name, garbage);
  }
  // In vain from here on when anything could not be read.
  reader.throwIfUnreadable();
  for (const name of names) await holdYoungLinks(reader, name, inUse, published, options);
  onArea?.('blobs');
  const blobs = await planBlobs(reader, inUse, published, options);
  const repositories: RepositoryGarbage[] = [];
  for (const name of names) {
    onArea?.(name);
    const layers = await uselessLayerLinks(reader, name, { inUse, published, blobs }, options);
    const garbage = found.get(name) ?? { name, manifests: [], history: [], referrers: [] };
    if (layers.length > 0 || found.has(name)) repositories.push({ ...garbage, layers });
  }
  reader.throwIfUnreadable();
  return { repositories, blobs };
}

import { DigestTable } from '../../storage/digest-table.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { walkRepositories } from '../../storage/walk.ts';
import { CollectorReader } from '../collector-reader.ts';
import type { KeptRepository } from '../kept-whole.ts';
import { readPublished } from '../published-blobs.ts';
import { type Blobs, planBlobs } from './blobs.ts';
import {
  type MarkedRepository,
  type MarkOptions,
  markRepository,
  markYoungLayers,
  type RepositoryGarbage,
  repositoryGarbage,
} from './repository.ts';

/**
 * What is garbage: what a collection deletes, or would delete. Costs up to 115 bytes for each blob that is in use, as
 * much for each manifest and each that goes, a hundred for each link that goes, and what the manifests of one
 * repository refer to.
 */
export interface GarbagePlan {
  /** Those repositories from which something goes. */
  readonly repositories: readonly RepositoryGarbage[];
  readonly blobs: Blobs;
  /** Those repositories of which everything is kept. */
  readonly kept: readonly KeptRepository[];
}

export interface PlanOptions extends MarkOptions {
  readonly signal?: AbortSignal;
  /** Called with what is being looked at. */
  readonly onArea?: (area: string) => void;
}

/**
 * Finds out what is garbage; changes nothing. Throws {@link import('../collector-reader.ts').UnreadableError} when
 * something that may lead to content cannot be listed.
 */
export async function planGarbage(objects: ObjectStore, options: PlanOptions): Promise<GarbagePlan> {
  const { signal, onArea, deleteUntagged, youngerThan } = options;
  const reader = await CollectorReader.open(objects, { signal });
  onArea?.('the publication log');
  const published = await readPublished(reader, Date.now());
  const planning = { deleteUntagged, youngerThan, reader, inUse: new DigestTable(), published };
  const marked: MarkedRepository[] = [];
  for await (const each of walkRepositories(reader.objects, signal)) {
    if (each.kind === 'stray') {
      if (each.isRepository) reader.note(`${each.key}: no repository can have this name`);
      continue;
    }
    onArea?.(each.name);
    marked.push(await markRepository(planning, each.name));
  }
  // In vain from here on when anything could not be read.
  reader.throwIfUnreadable();
  const [whole, rest] = [marked.filter(isKeptWhole), marked.filter((each) => !isKeptWhole(each))];
  for (const { name } of rest) await markYoungLayers(planning, name);
  onArea?.('blobs');
  const blobs = await planBlobs(planning);
  const repositories: RepositoryGarbage[] = [];
  for (const each of rest) {
    onArea?.(each.name);
    const garbage = await repositoryGarbage(planning, each, blobs.toDelete);
    const { manifests, history, referrers, layers } = garbage;
    if ([manifests, history, referrers, layers].some(({ length }) => length > 0)) repositories.push(garbage);
  }
  reader.throwIfUnreadable();
  const kept = whole.map(({ name, keptWhole: why = '' }) => ({ repository: name, why }));
  return { repositories, blobs, kept };
}

function isKeptWhole({ keptWhole }: MarkedRepository): boolean {
  return keptWhole !== undefined;
}

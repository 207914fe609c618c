import { type DeleteAllOptions, deleteAll } from '../../storage/delete-all.ts';
import {
  blobDataKey,
  layerLinkKey,
  referrerKey,
  revisionLinkKey,
  tagIndexKey,
} from '../../storage/layout.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { inDeletionOrder } from '../deletion-order.ts';
import type { GarbagePlan } from './plan.ts';
import type { RepositoryGarbage } from './repository.ts';

/** Fewer than one request takes: the switch of writes is looked at before each batch. */
const BATCH_KEYS = 200;

/**
 * Deletes what a plan names: what leads to something before what it leads to, so that wherever this ends no link dangles,
 * and the next plan is what was left of this one.
 */
export async function sweep(
  objects: ObjectStore,
  { repositories, blobs }: GarbagePlan,
  options: Pick<DeleteAllOptions, 'mayChange' | 'fence' | 'onDeleted'> = {},
): Promise<void> {
  const { ofManifests, layerLinks } = inDeletionOrder(repositories.values().flatMap(recordKeys));
  const remove = async (keys: Iterable<string>) => {
    await deleteAll(objects, keys, { ...options, batchKeys: BATCH_KEYS });
  };
  // A backend deletes the keys of one call in any order, so no call holds two ranks.
  for (const keys of [...ofManifests, layerLinks]) await remove(keys);
  await remove(Iterator.from(blobs.toDelete).map(blobDataKey));
}

function recordKeys({ name, manifests, history, referrers, layers }: RepositoryGarbage): string[] {
  return [
    ...history.map(({ tag, digest }) => tagIndexKey(name, tag, digest)),
    ...referrers.map(({ subject, digest }) => referrerKey(name, subject, digest)),
    ...manifests.map((digest) => revisionLinkKey(name, digest)),
    ...layers.map((digest) => layerLinkKey(name, digest)),
  ];
}

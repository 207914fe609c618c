import { isSha256 } from '../oci/digest.ts';
import { blobDataKey, layerLinkKey, referrerKey, revisionLinkKey, tagIndexKey } from '../storage/layout.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { RepositoryGarbage } from './garbage.ts';
import type { GarbagePlan } from './plan.ts';

const BATCH_KEYS = 200;

/**
 * Deletes what a plan names: what leads to something before what it leads to, so that wherever this ends nothing leads
 * nowhere, and the next plan is what was left of this one. Asks `mayGoOn` before each batch; it throws to stop.
 */
export async function sweep(
  objects: ObjectStore,
  plan: GarbagePlan,
  mayGoOn: () => Promise<void>,
  onDeleted?: (objects: number) => void,
): Promise<void> {
  let batch: string[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    await mayGoOn();
    await objects.delete(batch);
    onDeleted?.(batch.length);
    batch = [];
  };
  // A backend deletes the keys of one call in any order, so no call holds both.
  for (const kind of kindsOf(plan)) {
    for (const key of kind) {
      batch.push(key);
      if (batch.length === BATCH_KEYS) await flush();
    }
    await flush();
  }
}

/** The keys to delete, kind by kind, in this order. */
function* kindsOf({ repositories, blobs }: GarbagePlan): Generator<Iterable<string>> {
  const each = (keysOf: (repository: RepositoryGarbage) => string[]) => repositories.flatMap(keysOf);
  yield each(({ name, history }) => history.map(({ tag, digest }) => tagIndexKey(name, tag, digest)));
  for (const isDeciding of [true, false])
    yield each(({ name, manifests }) =>
      manifests
        .filter((digest) => isSha256(digest) === isDeciding)
        .map((digest) => revisionLinkKey(name, digest)),
    );
  yield each(({ name, referrers }) =>
    referrers.map(({ subject, digest }) => referrerKey(name, subject, digest)),
  );
  yield each(({ name, layers }) => layers.map((digest) => layerLinkKey(name, digest)));
  yield dataKeys(blobs.doomed);
}

function* dataKeys(doomed: GarbagePlan['blobs']['doomed']): Generator<string> {
  for (const [digest] of doomed.entries()) yield blobDataKey(digest);
}

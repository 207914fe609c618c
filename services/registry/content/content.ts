import type { ObjectStore } from '../storage/object-store.ts';
import { Blobs } from './blobs.ts';
import { Catalog } from './catalog.ts';
import { type Damage, Integrity } from './integrity.ts';
import { Manifests } from './manifests.ts';
import { CollectionGuard } from './quarantine/guard.ts';
import { Referrers } from './referrers.ts';
import { Tags } from './tags.ts';
import { Uploads } from './uploads.ts';

/** The registry's words over one object store. */
export interface Content {
  readonly objects: ObjectStore;
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly referrers: Referrers;
  readonly tags: Tags;
  readonly uploads: Uploads;
  readonly catalog: Catalog;
  /** Keeps what is pushed from the garbage collector that works meanwhile. */
  readonly quarantine: CollectionGuard;
}

export interface ContentOptions {
  /** How many tags are read at once where all have to be (Distribution's `storage.tag.concurrencylimit`). */
  readonly tagReadsAtOnce?: number;
  /** Another one than usual. */
  readonly quarantine?: CollectionGuard;
  /** Hears of stored bytes that are not what their key says. */
  readonly onDamage?: (damage: Damage) => void;
}

/** Makes {@link Content} of an object store. */
export function contentOf(
  objects: ObjectStore,
  { tagReadsAtOnce = 16, ...options }: ContentOptions = {},
): Content {
  const integrity = new Integrity(objects, options.onDamage);
  const blobs = new Blobs(objects, integrity);
  const referrers = new Referrers(objects, integrity);
  const quarantine = options.quarantine ?? new CollectionGuard(objects);
  return {
    objects,
    blobs,
    manifests: new Manifests(objects, blobs, referrers, quarantine, integrity),
    referrers,
    tags: new Tags(objects, tagReadsAtOnce),
    uploads: new Uploads(objects, blobs, quarantine),
    catalog: new Catalog(objects),
    quarantine,
  };
}

import type { Changes } from '../storage/changes.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { ALWAYS_WRITABLE, type WriteSwitch } from '../storage/read-only.ts';
import { Blobs } from './blobs.ts';
import { Catalog } from './catalog.ts';
import { type Damage, Integrity } from './integrity.ts';
import { Manifests } from './manifests.ts';
import { CollectionGuard } from './quarantine/guard.ts';
import { Referrers } from './referrers.ts';
import { Tags } from './tags.ts';
import type { TurnOwner } from './turns/turn-store.ts';
import { Turns } from './turns/turns.ts';
import { type UploadOptions, Uploads } from './uploads.ts';

/** A registry's content in one object store. */
export interface Content {
  readonly objects: ObjectStore;
  readonly blobs: Blobs;
  readonly integrity: Integrity;
  readonly manifests: Manifests;
  readonly referrers: Referrers;
  readonly tags: Tags;
  readonly uploads: Uploads;
  readonly catalog: Catalog;
  /** Keeps what is pushed from a garbage collector that works at the same time. */
  readonly quarantine: CollectionGuard;
  /** The order of changes of tags and manifests. */
  readonly turns: Turns;
  /** Asked right before anything is committed. */
  readonly writes: WriteSwitch;
}

/** Content that can be changed, and where its changes are announced. */
export interface Registry {
  readonly content: Content;
  readonly changes: Changes;
}

export interface ContentOptions {
  /** How many tags are read at once where all have to be (Distribution's `storage.tag.concurrencylimit`). */
  readonly tagReadsAtOnce?: number;
  /** The most tags that the delete of a manifest takes along. */
  readonly deletedTagsMax?: number;
  readonly uploads?: Omit<UploadOptions, 'writes'> | undefined;
  /** For tests that have their own clock. */
  readonly quarantine?: CollectionGuard;
  readonly turns?: Turns | undefined;
  /** This process, for others that wait for its turns. */
  readonly owner?: TurnOwner | undefined;
  /** Whether writes are allowed; always unless given. */
  readonly writes?: WriteSwitch;
  /** Called for stored bytes that are not what their key says. */
  readonly onDamage?: (damage: Damage) => void;
}

/** Makes {@link Content} of an object store. */
export function contentOf(
  objects: ObjectStore,
  { tagReadsAtOnce = 16, deletedTagsMax = 1000, writes = ALWAYS_WRITABLE, ...options }: ContentOptions = {},
): Content {
  const integrity = new Integrity(objects, options.onDamage);
  const turns = options.turns ?? new Turns(objects, { owner: options.owner });
  const blobs = new Blobs(objects, integrity, turns);
  const referrers = new Referrers(objects, integrity);
  const quarantine = options.quarantine ?? new CollectionGuard(objects);
  return {
    objects,
    blobs,
    integrity,
    manifests: new Manifests({ objects, blobs, referrers, quarantine, integrity }),
    referrers,
    tags: new Tags(objects, { readsAtOnce: tagReadsAtOnce, deletedMax: deletedTagsMax }),
    uploads: new Uploads(objects, blobs, quarantine, { ...options.uploads, writes }),
    catalog: new Catalog(objects),
    quarantine,
    turns,
    writes,
  };
}

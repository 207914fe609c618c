import type { ObjectStore } from '../object-store.ts';
import { PublicationLog } from '../publication/log.ts';
import { PublishedBlobs } from '../publication/published.ts';
import { Blobs } from './blobs.ts';
import { Manifests } from './manifests.ts';
import { Tags } from './tags.ts';
import { Uploads } from './uploads.ts';

/** The registry's words over one object store. */
export interface Content {
  readonly objects: ObjectStore;
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly uploads: Uploads;
  readonly published: PublishedBlobs;
  readonly log: PublicationLog;
}

/** Makes {@link Content} of an object store. */
export function contentOf(objects: ObjectStore): Content {
  const blobs = new Blobs(objects);
  const published = new PublishedBlobs(objects);
  return {
    objects,
    blobs,
    manifests: new Manifests(objects, blobs),
    tags: new Tags(objects),
    uploads: new Uploads(objects, blobs),
    published,
    log: new PublicationLog(objects, published),
  };
}

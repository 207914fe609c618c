import { z } from 'zod';
import { Duration } from '../duration.ts';
import { type About, addProblem, honoured, noEffect, section } from '../key.ts';
import { onOff, when } from '../switch.ts';
import { Count, CountOr } from '../values.ts';
import { FilesystemSection } from './filesystem.ts';
import { OTHER_DRIVERS } from './other-drivers.ts';
import { S3Section } from './s3.ts';
import { SwiftSection } from './swift.ts';

/** Exactly one of these is set. */
const DRIVERS = {
  filesystem: FilesystemSection.optional(),
  s3: S3Section.optional(),
  swift: SwiftSection.optional(),
};

const NAMES = Object.keys(DRIVERS) as (keyof typeof DRIVERS)[];

const CacheKind = z.enum(['inmemory', 'redis']).optional();
const CACHE = 'the cache in memory is always on, and bounded';
const REDIS = 'with the section redis, nodes notify each other of changes';
const ABOUT_CACHE: About = {
  note: `\`redis\`: the same; ${REDIS}`,
  decide: when('redis', 'no effect', `${CACHE}; ${REDIS}`),
};

const UploadPurging = section({
  enabled: onOff(
    'the sync process removes uploads that were never finished',
    'unfinished uploads are kept',
  ).default(true),
  age: honoured(Duration.prefault('168h'), 'uploads that have not grown for this long are removed'),
  interval: honoured(Duration.prefault('24h'), 'time between two searches for such uploads'),
  dryrun: onOff('uploads to remove are only logged', 'they are removed').default(false),
});

/** Distribution's section; the driver's settings are in `objects`, in its own words. */
export const StorageSection = z
  .strictObject({
    ...DRIVERS,
    delete: section({
      enabled: onOff('manifests and blobs may be deleted', 'nothing may be deleted').default(false),
    }),
    redirect: section({
      disable: onOff(
        'this registry serves every blob itself',
        'clients are redirected to mirrors that hold a blob, or by signed URLs to S3 or Swift',
      ).default(false),
    }),
    tag: section({
      concurrencylimit: honoured(
        CountOr(16, 1024),
        'how many tags are read at once when all tags of a repository are needed; 0 for the default',
        { from: '3', example: 3 },
      ),
    }),
    cache: section({
      blobdescriptor: noEffect(CacheKind, CACHE, ABOUT_CACHE),
      layerinfo: noEffect(CacheKind, CACHE, ABOUT_CACHE),
      blobdescriptorsize: noEffect(
        Count(0, Number.MAX_SAFE_INTEGER).optional(),
        'the cache in memory has its own bound',
      ),
    }),
    maintenance: section({
      uploadpurging: UploadPurging,
      readonly: section({
        enabled: onOff('nothing can be pushed or deleted', 'pushes are accepted').default(false),
      }),
    }),
    ...OTHER_DRIVERS,
  })
  .superRefine((storage, context) => {
    const [first, second] = NAMES.filter((name) => storage[name] !== undefined);
    if (first === undefined)
      addProblem(context, ['filesystem'], `expected a driver, one of ${NAMES.join(', ')}`);
    if (second !== undefined)
      addProblem(context, [second], `expected only one driver, but storage.${first} is set too`);
  })
  .transform(({ filesystem, s3, swift, delete: deletion, redirect, tag, maintenance }) => ({
    objects: (filesystem ?? s3 ?? swift) as NonNullable<typeof filesystem | typeof s3 | typeof swift>,
    ...{ delete: deletion, redirect, tag, maintenance },
  }));

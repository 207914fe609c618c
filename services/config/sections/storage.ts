import { z } from 'zod';
import { Delay, Duration } from '../duration.ts';
import { Count, CountOr, Switch } from '../values.ts';
import { S3Section, s3SettingsOf } from './s3.ts';
import { SwiftSection, swiftSettingsOf } from './swift.ts';

const CacheKind = z.enum(['inmemory', 'redis']);

/** How many reads of one request run at once, unless told otherwise. */
const DEFAULT_CONCURRENCY = 16;

const FilesystemSection = z.strictObject({
  /** Distribution's own default. */
  rootdirectory: z.string().min(1).default('/var/lib/registry'),
  maxthreads: z.union([z.int(), z.string().regex(/^\d+$/)], 'expected a whole number').optional(),
  /** Ours: sync files and directories before an answer. */
  sync: Switch.default(true),
  /** Ours: how long one call to the file system may take. */
  calltimeout: Delay.prefault('30s').refine((ms) => ms > 0, 'expected a duration above 0'),
});

/** Of these, exactly one says where everything is kept. */
const DRIVERS = {
  filesystem: FilesystemSection.optional(),
  s3: S3Section.optional(),
  swift: SwiftSection.optional(),
};

const Sections = z.strictObject({
  ...DRIVERS,
  delete: z.strictObject({ enabled: Switch.default(false) }).prefault({}),
  redirect: z.strictObject({ disable: Switch.default(false) }).prefault({}),
  tag: z.strictObject({ concurrencylimit: CountOr(DEFAULT_CONCURRENCY, 1024) }).prefault({}),
  cache: z
    .strictObject({
      blobdescriptor: CacheKind.optional(),
      layerinfo: CacheKind.optional(),
      blobdescriptorsize: Count(0, Number.MAX_SAFE_INTEGER).optional(),
    })
    .prefault({}),
  maintenance: z
    .strictObject({
      uploadpurging: z
        .strictObject({
          enabled: Switch.default(true),
          age: Duration.prefault('168h'),
          interval: Duration.prefault('24h'),
          dryrun: Switch.default(false),
        })
        .prefault({}),
      readonly: z.strictObject({ enabled: Switch.default(false) }).prefault({}),
    })
    .prefault({}),
});

export const StorageSection = Sections.superRefine((storage, context) => {
  const [first, second] = driversIn(storage);
  const problem = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (first === undefined) problem('filesystem', `expected a driver, one of ${NAMES.join(', ')}`);
  if (first !== undefined && second !== undefined)
    problem(second, `expected one driver, and storage.${first} stands beside it`);
});

const NAMES = Object.keys(DRIVERS) as (keyof typeof DRIVERS)[];

function driversIn(storage: z.output<typeof Sections>) {
  return NAMES.filter((name) => storage[name] !== undefined);
}

/** {@link StorageSection}, without what changes nothing; of the drivers there is one. */
export function storageSettingsOf(section: z.output<typeof StorageSection>) {
  const { filesystem, s3, swift } = section;
  return {
    filesystem: filesystem && {
      rootdirectory: filesystem.rootdirectory,
      sync: filesystem.sync,
      calltimeout: filesystem.calltimeout,
    },
    s3: s3 && s3SettingsOf(s3),
    swift: swift && swiftSettingsOf(swift),
    delete: section.delete,
    redirect: section.redirect,
    tag: section.tag,
    maintenance: section.maintenance,
  };
}

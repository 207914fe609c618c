import type { AttemptCounts } from '../registry/access/attempts.ts';
import type { Changes } from '../registry/changes.ts';
import type { Locks } from '../registry/locks.ts';
import type { Log } from '../registry/log.ts';
import type { ObjectStore } from '../registry/object-store.ts';
import { type FilesystemOptions, FilesystemStore } from './filesystem/filesystem-store.ts';
import { STORE_CALLS } from './filesystem/fs.ts';
import { MemoryAttempts } from './memory/attempts.ts';
import { MemoryChanges } from './memory/changes.ts';
import type { RedisHooks } from './redis/health.ts';
import type { RedisSettings } from './redis/settings.ts';
import type { S3Options } from './s3/options.ts';
import type { SwiftOptions } from './swift/options.ts';

/** Where objects are kept, and how to reach it. */
export type ObjectStoreSettings =
  | (FilesystemOptions & { readonly driver: 'filesystem' })
  | (Omit<S3Options, 'locks'> & { readonly driver: 's3' })
  | (Omit<SwiftOptions, 'locks'> & { readonly driver: 'swift' });

/** Which backends, and how to reach them. */
export interface StoreSettings {
  readonly objects: ObjectStoreSettings;
  /** Tells of changes between processes, and decides who creates an object where the store cannot. */
  readonly redis: RedisSettings | undefined;
}

/** The backends of a process. */
export interface Stores extends AsyncDisposable {
  readonly objects: ObjectStore;
  readonly changes: Changes;
  /** Counts of failed logins: over all nodes with Redis, else of this process. */
  readonly attempts: AttemptCounts;
  /** Calls to the file system that do not return, such as `open /path`, for the log. */
  readonly stuck: () => readonly string[];
}

/** Opens the backends that the settings name. Each is loaded only where it is used: they take their time and memory. */
export async function openStores(settings: StoreSettings, logger: Log, hooks: RedisHooks): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const redis =
    settings.redis &&
    opening.use(await (await import('./redis/open.ts')).openRedis(settings.redis, logger, hooks));
  const objects = opening.use(await openObjects(settings.objects, redis?.locks));
  const held = opening.move();
  return {
    objects,
    changes: redis?.changes ?? new MemoryChanges(),
    attempts: redis?.attempts ?? new MemoryAttempts(),
    stuck: () => STORE_CALLS.stuck,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A new driver joins here. */
async function openObjects(settings: ObjectStoreSettings, locks: Locks | undefined): Promise<ObjectStore> {
  switch (settings.driver) {
    case 'filesystem':
      return FilesystemStore.open(settings);
    case 's3': {
      const { S3Store } = await import('./s3/s3-store.ts');
      return S3Store.open({ ...settings, ...(locks && { locks }) });
    }
    case 'swift': {
      const { SwiftStore } = await import('./swift/swift-store.ts');
      return SwiftStore.open({ ...settings, locks });
    }
  }
}

import { MemoryAttempts } from '../memory/attempts.ts';
import { MemoryChanges } from '../memory/changes.ts';
import type { RedisHooks } from '../redis/health.ts';
import type { RedisSettings } from '../redis/settings.ts';
import type { AttemptCounts } from '../registry/access/attempts.ts';
import type { Log } from '../registry/runtime/log.ts';
import type { Changes } from '../registry/storage/changes.ts';
import type { Locks } from '../registry/storage/locks.ts';
import { type ObjectStore, StoreFullError, type StoreMode } from '../registry/storage/object-store.ts';
import { type FilesystemOptions, FilesystemStore } from './filesystem/filesystem-store.ts';
import { STORE_CALLS } from './filesystem/fs.ts';
import { sharingDoubt } from './filesystem/network-mount.ts';
import { readingOnly } from './reading-only.ts';
import type { S3Options } from './s3/options.ts';
import type { SwiftOptions } from './swift/options.ts';

/** The object store, and how to reach it. */
export type ObjectStoreSettings =
  | (Omit<FilesystemOptions, 'mode'> & { readonly driver: 'filesystem' })
  | (Omit<S3Options, 'locks' | 'mode'> & { readonly driver: 's3' })
  | (Omit<SwiftOptions, 'locks' | 'mode'> & { readonly driver: 'swift' });

/** The backends, and how to reach them. */
export interface StoreSettings {
  readonly objects: ObjectStoreSettings;
  /** Announces changes between processes, and decides which process creates an object if the store cannot. */
  readonly redis: RedisSettings | undefined;
}

/** The backends of a process. */
export interface Stores extends AsyncDisposable {
  readonly objects: ObjectStore;
  /** Writes a probe to each place of objects. Rejects with StoreNotWritableError, StoreFullError or StoreUnavailableError. */
  readonly probeWrites: (signal?: AbortSignal) => Promise<void>;
  /** The least time between such probes: requests to remote stores cost money. */
  readonly probeEveryMs: number;
  readonly changes: Changes;
  /** Counters of failed logins: over all nodes with Redis, otherwise of this process. */
  readonly attempts: AttemptCounts;
  /** Calls to the file system that do not return, such as `open /path`, for the log. */
  readonly stuck: () => readonly string[];
}

/**
 * How the stores are opened. `write` requires that writes succeed, except that the store may be full: pulls still work,
 * and garbage is collected. `read` writes nothing by itself. `only-read` also refuses writes.
 */
export type StoresMode = StoreMode | 'only-read';

const PROBE_FILES_EVERY_MS = 2000;
const PROBE_REMOTE_EVERY_MS = 30_000;

/** Opens the backends that the settings name. Only those are loaded: loading one takes time and memory. */
export async function openStores(
  settings: StoreSettings,
  mode: StoresMode,
  logger: Log,
  hooks: RedisHooks,
): Promise<Stores> {
  await using opening = new AsyncDisposableStack();
  const redis =
    settings.redis &&
    opening.use(await (await import('../redis/open.ts')).openRedis(settings.redis, logger, hooks));
  const storeMode = mode === 'write' ? 'write' : 'read';
  const objects = opening.use(await openObjects(settings.objects, storeMode, redis?.locks));
  const probeWrites = (signal?: AbortSignal) => objects.probeWrites(signal);
  if (mode === 'write') {
    await demandWrites({ probeWrites }, logger);
    await warnOfSharing(settings.objects, logger);
  }
  const held = opening.move();
  return {
    objects: mode === 'only-read' ? readingOnly(objects) : objects,
    probeWrites,
    probeEveryMs: settings.objects.driver === 'filesystem' ? PROBE_FILES_EVERY_MS : PROBE_REMOTE_EVERY_MS,
    changes: redis?.changes ?? new MemoryChanges(),
    attempts: redis?.attempts ?? new MemoryAttempts(),
    stuck: () => STORE_CALLS.stuck,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Rejects if writes fail, except in a full store: pulls still work there, and garbage is collected. */
export async function demandWrites({ probeWrites }: Pick<Stores, 'probeWrites'>, logger: Log): Promise<void> {
  try {
    await probeWrites();
  } catch (error) {
    if (!(error instanceof StoreFullError)) throw error;
    logger.error(
      { err: error },
      'the object store is full: pulls are served, and pushes fail until there is room',
    );
  }
}

async function warnOfSharing(settings: ObjectStoreSettings, logger: Log): Promise<void> {
  if (settings.driver !== 'filesystem') return;
  const doubt = await sharingDoubt(settings.rootDirectory);
  if (doubt !== undefined) logger.warn({}, doubt);
}

interface ProbedStore extends ObjectStore {
  probeWrites(signal?: AbortSignal): Promise<void>;
}

/** Add a new driver here. */
async function openObjects(
  settings: ObjectStoreSettings,
  mode: StoreMode,
  locks: Locks | undefined,
): Promise<ProbedStore> {
  switch (settings.driver) {
    case 'filesystem':
      return FilesystemStore.open({ ...settings, mode });
    case 's3': {
      const { S3Store } = await import('./s3/s3-store.ts');
      return S3Store.open({ ...settings, mode, ...(locks && { locks }) });
    }
    case 'swift': {
      const { SwiftStore } = await import('./swift/swift-store.ts');
      return SwiftStore.open({ ...settings, mode, locks });
    }
  }
}

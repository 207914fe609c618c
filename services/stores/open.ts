import type { Changes } from '../registry/changes.ts';
import type { ObjectStore } from '../registry/object-store.ts';
import { FilesystemStore } from './filesystem/filesystem-store.ts';
import { MemoryChanges } from './memory/changes.ts';

/** Which backends, and how to reach them. */
export interface StoreSettings {
  readonly filesystem: { readonly rootDirectory: string; readonly sync: boolean };
}

/** The backends of a process. */
export interface Stores extends AsyncDisposable {
  readonly objects: ObjectStore;
  readonly changes: Changes;
}

/** Opens the backends that the settings name. A new driver joins here. */
export async function openStores(settings: StoreSettings): Promise<Stores> {
  const objects = await FilesystemStore.open(settings.filesystem);
  return {
    objects,
    changes: new MemoryChanges(),
    [Symbol.asyncDispose]: () => objects[Symbol.asyncDispose](),
  };
}

import { dirname } from 'node:path';
import type { Fence } from '../../registry/storage/fence.ts';
import { ignoring } from '../ignoring.ts';
import { createByClaim } from './claim.ts';
import { type DurableDirectories, syncDirectory } from './durable.ts';
import { ifThere, isAbsent, isTaken, lacksLinks, translate } from './errors.ts';
import { fenced } from './fenced.ts';
import { link, rename, stat } from './fs.ts';
import { intoDirectory } from './into-directory.ts';
import type { Temporaries } from './temporaries.ts';
import type { TemporaryFile } from './temporary-file.ts';

export interface NamingOptions {
  readonly temporaries: Temporaries;
  /** Given if names must survive a power cut. */
  readonly directories: DurableDirectories | undefined;
}

/**
 * Gives a temporary file its name, replacing the previous file. On any failure the file is removed; if it may have got its
 * name by then, the fence hears of a doubt.
 */
export async function replace(
  file: TemporaryFile,
  path: string,
  { temporaries, directories }: NamingOptions,
  fence?: Fence,
): Promise<void> {
  let isDone = false;
  const act = async () => {
    await fenced(fence, (before) => rename(file.path, path, before)).catch(async (error: unknown) => {
      // A network file system whose answer was lost sends the call again, and finds it done.
      if (!isAbsent(error) || !(await file.isAt(path))) throw error;
    });
    isDone = true;
  };
  try {
    await temporaries.onMountOf(file, path, () => intoDirectory(path, directories, act));
    if (directories) await syncNames(path);
  } catch (error) {
    if (isDone) fence?.doubt();
    await file.remove();
    throw translate(error);
  }
}

/** Gives a temporary file a name unless that is taken; false if it is. `key` identifies the path in all processes. */
export async function createUnlessTaken(
  file: TemporaryFile,
  path: string,
  key: string,
  { temporaries, directories }: NamingOptions,
): Promise<boolean> {
  try {
    return await temporaries.onMountOf(file, path, () => linkUnlessTaken(file.path, path, directories));
  } catch (error) {
    // link(2) answers all processes alike, so on one mount either all create by links or all by claims.
    if (!lacksLinks(error)) throw translate(error);
  }
  try {
    const isCreated = await createByClaim(file, path, key, directories);
    if (directories) await syncNames(path);
    return isCreated;
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Gives a file a second name unless that is taken: link(2) is the file system's conditional create. Throws the system's
 * error if links are not possible (see `lacksLinks` and `isOtherMount`).
 */
export async function linkUnlessTaken(
  existing: string,
  path: string,
  directories: DurableDirectories | undefined,
): Promise<boolean> {
  const linking = intoDirectory(path, directories, () => link(existing, path));
  const outcome = await ignoring(
    isTaken,
    linking.then(() => 'linked' as const),
  );
  // Of a taken name too: it may not be on disk yet, but a caller that gets "taken" relies on it.
  if (directories) await syncNames(path);
  return outcome === 'linked' || isSameFile(existing, path);
}

/**
 * Whether link(2) succeeded although it failed: a network file system whose answer was lost sends the call again, and
 * finds the name taken by its own first call (link(2), "BUGS").
 */
async function isSameFile(existing: string, path: string): Promise<boolean> {
  const [ours, found] = await Promise.all(
    [existing, path].map((each) => stat(each, { bigint: true }).catch(() => undefined)),
  );
  return ours !== undefined && ours.ino === found?.ino && ours.dev === found.dev;
}

/**
 * Syncs the directory of a path. If it is missing, the process that deleted the object in the meantime removed it: then
 * that one syncs.
 */
async function syncNames(path: string): Promise<void> {
  await ifThere(syncDirectory(dirname(path)));
}

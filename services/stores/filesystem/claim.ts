import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { DurableDirectories } from './durable.ts';
import { ifThere, isAbsent, isNotEmpty } from './errors.ts';
import { mkdir, rename, rmdir, unlink } from './fs.ts';
import { intoDirectory } from './into-directory.ts';
import { isThere, namesIn } from './look.ts';
import type { TemporaryFile } from './temporary-file.ts';

/** An attempt fails only if another process created the object and a third one deleted it in the meantime. */
const ATTEMPTS_MAX = 50;

/**
 * Gives a file a name unless that is taken, on file systems without hard links; false if it is taken. `key` identifies
 * the path in all processes.
 *
 * rename(2) replaces files, but never a directory that is not empty. So the file is put into a directory of its own, which
 * is renamed to the one name that all writers of this path use: the claim. The holder of the claim renames the file to its
 * path. A process that finds the claim taken does so for the holder, so that none waits for a process that died: that
 * one's object then exists, whole, or, if nobody asked for the path again, never existed. A claim's file has a unique
 * name, so it gets to the path at most once, and only while the claim keeps all others out.
 */
export async function createByClaim(
  file: TemporaryFile,
  path: string,
  key: string,
  directories: DurableDirectories | undefined,
): Promise<boolean> {
  const id = basename(file.path);
  const claim = join(dirname(file.path), `claim-${createHash('sha256').update(key).digest('hex')}`);
  if (!(await hold(file, id, claim, path, directories))) return false;
  const claimed = join(claim, id);
  // It may have been created between our look and our claim.
  if ((await isThere(path)) && (await isRemoved(claimed))) {
    await removeEmpty(claim);
    return false;
  }
  const isOurs = await publish(claimed, path, directories).catch(async (error: unknown) => {
    if (await isRemoved(claimed)) await removeEmpty(claim);
    throw error;
  });
  await removeEmpty(claim);
  if (isOurs || (await isThere(path))) return true;
  throw new Error(`${path} was deleted while it was created, or its claim was taken for a leftover`);
}

/** Gets the claim; false, with nothing left behind, if the path is taken. */
async function hold(
  file: TemporaryFile,
  id: string,
  claim: string,
  path: string,
  directories: DurableDirectories | undefined,
): Promise<boolean> {
  const own = `${file.path}.claim`;
  await mkdir(own);
  let isHeld = false;
  try {
    await rename(file.path, join(own, id));
    for (let attempt = 1; !(await isThere(path)); attempt++) {
      try {
        await rename(own, claim);
        isHeld = true;
        break;
      } catch (error) {
        if (!isNotEmpty(error) || attempt === ATTEMPTS_MAX) throw error;
      }
      for (const other of await namesIn(claim))
        if (!(await isThere(path))) await publish(join(claim, other), path, directories);
      await removeEmpty(claim);
    }
  } finally {
    if (!isHeld) {
      await isRemoved(join(own, id));
      await removeEmpty(own);
    }
  }
  return isHeld;
}

/** Renames a claim's file to its path; false if another process did. */
function publish(
  claimed: string,
  path: string,
  directories: DurableDirectories | undefined,
): Promise<boolean> {
  return intoDirectory(path, directories, async () => {
    try {
      await rename(claimed, path);
      return true;
    } catch (error) {
      // Either the claim's file is gone, or the path's directory is; the second is for intoDirectory.
      if (isAbsent(error) && !(await isThere(claimed))) return false;
      throw error;
    }
  });
}

/** Whether this process removed it. */
async function isRemoved(path: string): Promise<boolean> {
  return (await ifThere(unlink(path).then(() => true))) ?? false;
}

/** Leaves it in place if another process holds it by now. */
async function removeEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined);
}

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { DurableDirectories } from './durable.ts';
import { errorCode, ifThere, isAbsent } from './errors.ts';
import { mkdir, rename, rmdir, unlink } from './fs.ts';
import { intoDirectory } from './into-directory.ts';
import { isThere } from './is-there.ts';
import { namesIn } from './names-in.ts';
import type { TemporaryFile } from './temporary-file.ts';

/** Each attempt that fails means that another has created the object and a third deleted it meanwhile. */
const ATTEMPTS_MAX = 50;

/**
 * Gives a file a name unless that is taken, on file systems without hard links; false where it is taken. `key` stands for
 * the path in all processes.
 *
 * rename(2) replaces files, but never a directory that holds something. So the file is put into a directory of its own, and
 * that is renamed to the one name that all who want this path use: the claim. Who holds the claim renames the file to its
 * path. Whoever finds the claim taken does that for its holder, so that nobody waits for a process that died: its object is
 * then there, whole, or, when nobody asked for the path again, was never there. A claim's file has a name of its own, so it
 * gets to the path once at most, and only while the claim keeps all others out.
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
  // It may have been created after we looked and before we had the claim.
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

/** Gets the claim; false, and nothing left behind, where the path is taken. */
async function hold(
  file: TemporaryFile,
  id: string,
  claim: string,
  path: string,
  directories: DurableDirectories | undefined,
): Promise<boolean> {
  const own = `${file.path}.claim`;
  await mkdir(own);
  try {
    await rename(file.path, join(own, id));
    for (let attempt = 1; ; attempt++) {
      if (await isThere(path)) break;
      try {
        await rename(own, claim);
        return true;
      } catch (error) {
        const isTaken = ['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '');
        if (!isTaken || attempt === ATTEMPTS_MAX) throw error;
      }
      for (const other of await namesIn(claim))
        if (!(await isThere(path))) await publish(join(claim, other), path, directories);
      await removeEmpty(claim);
    }
  } catch (error) {
    await isRemoved(join(own, id));
    await removeEmpty(own);
    throw error;
  }
  await isRemoved(join(own, id));
  await removeEmpty(own);
  return false;
}

/** Renames a claim's file to its path; false when another has done that. */
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

/** Whether it was we who removed it. */
async function isRemoved(path: string): Promise<boolean> {
  return (await ifThere(unlink(path).then(() => true))) ?? false;
}

/** Leaves it where another holds it meanwhile. */
async function removeEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined);
}

import { dirname, join } from 'node:path';
import { StoreFullError, StoreNotWritableError } from '../../registry/object-store.ts';
import { errorCode, isAbsent, translate } from './errors.ts';
import { rename, rm, stat } from './fs.ts';
import { PROBE } from './paths.ts';
import type { Temporaries } from './temporaries.ts';
import { TemporaryFile } from './temporary-file.ts';

/** What may be on a mount of its own, or belong to another user. */
const PLACES = ['roadstead', 'docker/registry/v2/blobs/sha256', 'docker/registry/v2/repositories'];
/** A block, so that a full disk shows. */
const PROBE_BYTES = 4096;

/**
 * Writes a file to each place where objects are written, and deletes it. Throws StoreNotWritableError, which tells the
 * operator what to do, or StoreFullError.
 */
export async function probeWrites(root: string, temporaries: Temporaries): Promise<void> {
  const directories = await Promise.all(PLACES.map((place) => nearestDirectory(root, join(root, place))));
  for (const directory of new Set(directories))
    try {
      await writeAndDelete(directory, temporaries);
    } catch (error) {
      throw explain(error, root, directory);
    }
}

async function writeAndDelete(directory: string, temporaries: Temporaries): Promise<void> {
  // All probes use one name, so one that a killed process left behind goes with the next.
  const path = join(directory, PROBE);
  const bytes = Buffer.alloc(PROBE_BYTES, 'roadstead looks whether it can write here\n');
  const file = await TemporaryFile.write(temporaries.directoryFor(path), bytes, { durable: false });
  try {
    await temporaries.onMountOf(file, path, () => rename(file.path, path));
    await rm(path, { force: true });
  } catch (error) {
    await file.remove();
    throw error;
  }
}

/** The directory itself, or the one above it that is there and will get it. */
async function nearestDirectory(root: string, path: string): Promise<string> {
  for (let directory = path; directory.length > root.length; directory = dirname(directory))
    try {
      if ((await stat(directory)).isDirectory()) return directory;
    } catch (error) {
      if (!isAbsent(error)) throw explain(error, root, directory);
    }
  return root;
}

const INSTEAD = 'or set storage.maintenance.readonly.enabled: true to serve what is there';

/** The error for a directory that cannot be written. */
export function explain(error: unknown, root: string, directory: string): Error {
  const translated = translate(error);
  if (translated instanceof StoreFullError) return translated;
  const { path = directory, syscall = '', message } = error as NodeJS.ErrnoException;
  // What cannot be made is told by the directory that refuses it; a rename's error does not tell which of its two does.
  const where = ['mkdir', 'open'].includes(syscall) ? dirname(path) : directory;
  const key = `storage.filesystem.rootdirectory = ${root}`;
  const user = process.geteuid?.();
  const tell = (what: string, reason: 'denied' | 'read-only' | 'failed') =>
    new StoreNotWritableError(`${key}: ${what}`, reason, { cause: error });
  switch (errorCode(error)) {
    case 'EACCES':
    case 'EPERM':
      return tell(
        where === dirname(root)
          ? `user ${user} may not make that directory: make it, and make that user its owner`
          : `user ${user} may not write to ${where}: make that user its owner, ${INSTEAD}`,
        'denied',
      );
    case 'EROFS':
      return tell(
        `${where} is on a file system that is mounted read-only: mount it read-write, ${INSTEAD}`,
        'read-only',
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return tell(`${where} is not a directory: move it away, or name another directory`, 'failed');
    default:
      return tell(`cannot write to ${where}: ${message}`, 'failed');
  }
}

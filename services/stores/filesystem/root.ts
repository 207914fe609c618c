import { dirname } from 'node:path';
import { absent, StoreAbsentError, type StoreMode } from '../../registry/storage/object-store.ts';
import { ignoring } from '../ignoring.ts';
import { syncDirectory } from './durable.ts';
import { ifThere, isDenied, isTaken } from './errors.ts';
import { mkdir, stat } from './fs.ts';
import { explain } from './probe.ts';

/** Of a store's directory, as far as umask lets it: private images are nothing for other users of the machine. */
const PRIVATE = 0o750;

/** Makes a store's directory durably if it does not exist; for reading, requires that it exists. */
export async function openRoot(
  root: string,
  { sync, mode = 'write' }: { readonly sync: boolean; readonly mode?: StoreMode },
): Promise<void> {
  if (mode === 'read') return demandDirectory(root);
  try {
    await mkdir(dirname(root), { recursive: true });
    await ignoring(isTaken, mkdir(root, { mode: PRIVATE }));
    // Throws if something else has the name.
    await mkdir(root, { recursive: true });
  } catch (error) {
    throw explain(error, root, root);
  }
  if (!sync) return;
  // A directory above the root may be one that we may enter but not read (0711). Then we did not make it.
  for (let path = root; path !== dirname(path); path = dirname(path))
    await ignoring(isDenied, syncDirectory(dirname(path)));
}

async function demandDirectory(root: string): Promise<void> {
  if (!(await ifThere(stat(root)))?.isDirectory())
    throw new StoreAbsentError(`storage.filesystem.rootdirectory = ${root}: ${absent('directory')}`);
}

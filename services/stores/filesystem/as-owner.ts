import { join, resolve } from 'node:path';
import { ignoring } from '../ignoring.ts';
import { errorCode, isAbsent } from './errors.ts';
import { stat } from './fs.ts';

/** The directories that every write needs, from the store's own down. The service's user must own them all. */
const NEEDED = [
  '',
  'docker',
  'docker/registry',
  'docker/registry/v2',
  'docker/registry/v2/blobs',
  'docker/registry/v2/blobs/sha256',
  'docker/registry/v2/repositories',
  'roadstead',
  'roadstead/.tmp',
];

/**
 * Switches root to the owner of a store, so that the registry, which runs as that user, can write to what a command makes
 * there. Root stays root unless one other user owns all the directories that writes need: otherwise the registry itself
 * runs as root. Load all modules before: the owner may not be able to read them. Throws StoreUnavailableError if the file
 * system does not answer.
 */
export async function becomeOwner(rootDirectory: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const root = resolve(rootDirectory);
  // Root may not look everywhere, as on NFS with root squashing.
  const isUnknown = (error: unknown) => isAbsent(error) || errorCode(error) === 'EACCES';
  const found = await Promise.all(NEEDED.map((name) => ignoring(isUnknown, stat(join(root, name)))));
  const [owner] = found;
  if (owner === undefined || owner.uid === 0) return;
  if (found.some((other) => other !== undefined && other.uid !== owner.uid)) return;
  process.setgroups?.([owner.gid]);
  process.setegid?.(owner.gid);
  process.seteuid?.(owner.uid);
}

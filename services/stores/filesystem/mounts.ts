import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Unlisted } from '../../registry/storage/object-store.ts';
import { syncDirectory } from './durable.ts';
import { ifThere } from './errors.ts';
import { mkdir, readFile, rename } from './fs.ts';
import { isThere, namesIn } from './look.ts';
import { unreadable } from './oddities.ts';
import { MARKER, MOUNTS, TEMPORARY, TEMPORARY_OF_MOUNT } from './paths.ts';
import { TemporaryFile } from './temporary-file.ts';

/** The record of a directory on another mount. */
export interface MountRecord {
  /** Relative to the root; `.` for the root itself, when `roadstead/` is on another mount. */
  readonly path: string;
  /** False for records of versions that wrote no markers. */
  readonly hasMarker: boolean;
}

/** The end of the record of a mount with a marker. Older versions ignore such a record and find the mount again. */
const MARKED = '\n';

/** Reads the records of other mounts below the root. Leaves out damaged ones. */
export async function readMounts(root: string): Promise<MountRecord[]> {
  const records: MountRecord[] = [];
  for (const name of await namesIn(join(root, MOUNTS))) {
    const text = (await ifThere(readFile(join(root, MOUNTS, name), 'utf8'))) ?? '';
    const hasMarker = text.endsWith(MARKED);
    const path = hasMarker ? text.slice(0, -MARKED.length) : text;
    // A damaged record is no reason to write outside the store.
    const isInside = path === '.' || join('/', path) === `/${path}`;
    if (path !== '' && recordOf(path) === name && isInside) records.push({ path, hasMarker });
  }
  return records;
}

/**
 * Records a directory on another mount, and marks the mount itself, to distinguish it from an empty mount point. The
 * marker is on disk before the record. Call this only after a rename has shown that the mount is present. It never repeats
 * a marker: behind a symbolic link, an empty mount point is on another mount, too.
 */
export async function recordMount(root: string, path: string): Promise<void> {
  if ((await readMounts(root)).some((known) => known.path === path && known.hasMarker)) return;
  await place(join(root, path, TEMPORARY_OF_MOUNT), markerOf(root, path), 'see roadstead/.mounts\n');
  await mkdir(join(root, MOUNTS), { recursive: true });
  await place(join(root, TEMPORARY), join(root, MOUNTS, recordOf(path)), path + MARKED);
}

/** Marks mounts that an older version recorded, if their directory for temporary files shows that they are present. */
export async function markOldMounts(root: string): Promise<void> {
  for (const { path, hasMarker } of await readMounts(root))
    if (!hasMarker && (await isThere(join(root, path, TEMPORARY_OF_MOUNT)))) await recordMount(root, path);
}

/** The recorded mounts under a prefix, or on the way to it, that are missing. Throws if the records cannot be read. */
export async function missingMounts(root: string, prefix: string): Promise<Unlisted[]> {
  const missing: Unlisted[] = [];
  for (const { path, hasMarker } of await readMounts(root)) {
    // The root has no key; all content is below this one.
    const key = path === '.' ? 'docker' : path;
    if (!key.startsWith(prefix) && !prefix.startsWith(`${key}/`)) continue;
    const proof = hasMarker ? markerOf(root, path) : join(root, path, TEMPORARY_OF_MOUNT);
    try {
      if (await isThere(proof)) continue;
      const record = `${MOUNTS}/${recordOf(path)}`;
      const remedy = `mount it; if it was moved back for good, delete the record ${record}`;
      missing.push({ key, is: 'is a missing mount', remedy });
    } catch (error) {
      const { is, remedy } = unreadable(error);
      missing.push({ key, is, remedy });
    }
  }
  return missing;
}

function markerOf(root: string, path: string): string {
  return join(root, path, TEMPORARY_OF_MOUNT, MARKER);
}

/** The name of the record of a path. */
function recordOf(path: string): string {
  return createHash('sha256').update(path).digest('hex');
}

/** Puts a small file in its place, whole and durably, by way of a directory on the same mount. */
async function place(temporaries: string, path: string, text: string): Promise<void> {
  const file = await TemporaryFile.write(temporaries, Buffer.from(text), { durable: true });
  try {
    await rename(file.path, path);
  } catch (error) {
    await file.remove();
    throw error;
  }
  for (const directory of [dirname(path), dirname(dirname(path))]) await syncDirectory(directory);
}

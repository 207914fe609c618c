import { join, relative } from 'node:path';
import type { TemporaryObject } from '../../registry/storage/object-store.ts';
import { ignoring } from '../ignoring.ts';
import { ifThere, isDenied, isNotEmpty } from './errors.ts';
import { rm, rmdir, stat } from './fs.ts';
import { namesIn } from './look.ts';
import { MARKER } from './paths.ts';

/** A file, or a claim (see claim.ts), in a directory for temporary files. */
interface Entry {
  readonly path: string;
  readonly modifiedAt: Date;
  readonly sizeBytes: number;
  /** A claim is a directory with one file. */
  readonly isClaim: boolean;
}

/** What is in the directories for temporary files, one look after the other. */
async function* entriesIn(directories: readonly string[], signal?: AbortSignal): AsyncGenerator<Entry> {
  for (const directory of directories)
    for (const name of await namesIn(directory)) {
      signal?.throwIfAborted();
      if (name === MARKER) continue;
      const path = join(directory, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats === undefined) continue;
      const isClaim = stats.isDirectory();
      yield { path, modifiedAt: stats.mtime, sizeBytes: isClaim ? 0 : stats.size, isClaim };
    }
}

/** Removes files and claims that were not written to since a time, and returns how many. */
export async function removeOld(
  directories: readonly string[],
  olderThan: Date,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  for await (const { path, modifiedAt, isClaim } of entriesIn(directories, signal)) {
    if (modifiedAt >= olderThan) continue;
    if (isClaim) await removeFlat(path);
    else await rm(path, { force: true });
    removed++;
  }
  return removed;
}

/** The files and claims with their keys; a claim has the size of its file. Leaves out what may not be read. */
export async function* temporariesIn(
  root: string,
  directories: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<TemporaryObject> {
  for (const directory of directories)
    try {
      for await (const { path, modifiedAt, sizeBytes, isClaim } of entriesIn([directory], signal)) {
        const key = relative(root, path);
        if (!isClaim) yield { key, modifiedAt, sizeBytes };
        else
          for (const name of await namesIn(path))
            yield { key, modifiedAt, ...(await sizeOf(join(path, name))) };
      }
    } catch (error) {
      if (!isDenied(error)) throw error;
    }
}

async function sizeOf(path: string): Promise<{ sizeBytes: number }> {
  return { sizeBytes: (await ifThere(stat(path)))?.size ?? 0 };
}

async function removeFlat(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) await rm(join(directory, name), { force: true });
  await ignoring(isNotEmpty, ifThere(rmdir(directory)));
}

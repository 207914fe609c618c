import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { until } from '../until.ts';
import { type DurableDirectories, syncPath } from './durable.ts';
import { errorCode, isAbsent, translate } from './errors.ts';
import { type FileHandle, link, mkdir, open, rename, rm } from './fs.ts';
import { TEMPORARY } from './paths.ts';

/** Larger writes mean fewer trips to the thread pool; two of them bound an upload's memory. */
const WRITE_BYTES = 1024 * 1024;

/** Writes a body to a new file under a temporary name; on any failure the file is gone. */
export async function writeTemporary(
  root: string,
  body: Buffer | AsyncIterable<Buffer>,
  options: { durable: boolean; signal?: AbortSignal | undefined },
): Promise<string> {
  const path = join(root, TEMPORARY, randomUUID());
  const handle = await open(path, 'wx', 0o666).catch(async (error: unknown) => {
    if (!isAbsent(error)) throw translate(error);
    await mkdir(dirname(path), { recursive: true });
    return open(path, 'wx', 0o666);
  });
  try {
    if (Buffer.isBuffer(body)) await writeWhole(handle, [body]);
    else await writeStream(handle, body, options.signal);
    if (options.durable) await handle.datasync();
    await handle.close();
    return path;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(path, { force: true });
    throw translate(error);
  }
}

/** Gives a temporary file its name, replacing what had it; durably when directories are given. */
export async function replace(
  temporary: string,
  path: string,
  directories: DurableDirectories | undefined,
): Promise<void> {
  try {
    await intoDirectory(path, directories, () => rename(temporary, path));
    if (directories) await syncPath(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw translate(error);
  }
}

/** Gives a file one more name unless that is taken: link(2) is the file system's conditional create. */
export async function linkUnlessTaken(
  existing: string,
  path: string,
  directories: DurableDirectories | undefined,
): Promise<boolean> {
  try {
    await intoDirectory(path, directories, () => link(existing, path));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw translate(error);
    // The other's name may not have reached the disk yet, and whoever is told "taken" builds upon it.
    if (directories) await syncIfThere(dirname(path));
    return false;
  }
  if (directories) await syncPath(dirname(path));
  return true;
}

async function syncIfThere(directory: string): Promise<void> {
  try {
    await syncPath(directory);
  } catch (error) {
    if (!isAbsent(error)) throw translate(error);
  }
}

/** Each attempt that fails means that someone deleted the last object beside ours in that very moment. */
const ATTEMPTS_MAX = 50;

/** Another process may delete an emptied directory between its making and its use: then make it again. */
async function intoDirectory(
  path: string,
  directories: DurableDirectories | undefined,
  act: () => Promise<void>,
): Promise<void> {
  const directory = dirname(path);
  for (let attempt = 1; ; attempt++) {
    try {
      if (directories) await directories.make(directory);
      else if (attempt > 1) await mkdir(directory, { recursive: true });
      return await act();
    } catch (error) {
      // Node's recursive mkdir says ENOTDIR, too, when a directory goes away under its feet.
      if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '') || attempt === ATTEMPTS_MAX) throw error;
      directories?.forget(directory);
    }
  }
}

/** Gathers chunks, and takes the next ones from the client while the disk writes the last ones. */
async function writeStream(
  handle: FileHandle,
  body: AsyncIterable<Buffer>,
  signal?: AbortSignal,
): Promise<void> {
  let chunks: Buffer[] = [];
  let gatheredBytes = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of signal ? until(signal, body) : body) {
      chunks.push(chunk);
      gatheredBytes += chunk.length;
      if (gatheredBytes < WRITE_BYTES) continue;
      await writing;
      writing = writeWhole(handle, chunks);
      // Awaited in the next round; until then a failure must not count as unhandled.
      writing.catch(() => undefined);
      chunks = [];
      gatheredBytes = 0;
    }
  } finally {
    await writing;
  }
  if (gatheredBytes > 0) await writeWhole(handle, chunks);
}

async function writeWhole(handle: FileHandle, chunks: Buffer[]): Promise<void> {
  const wantedBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten === wantedBytes) return;
  // A short write is how a full disk first shows; writing the rest brings the error's name.
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  await handle.writeFile(rest);
}

import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import type { Found, Request } from './directory-messages.ts';
import { Folders } from './folders.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
/** In the mirror's directory, so that a rename is atomic; its web server does not serve names that begin with a dot. */
const INCOMING = '.incoming';

const READ_BYTES = 256 * 1024;
/** Written bytes between two syncs, so that no single sync takes long. */
const SYNC_EVERY_BYTES = 64 * 1024 * 1024;

interface Writing {
  readonly handle: FileHandle;
  /** Where the file will be. */
  readonly place: Place;
  readonly incoming: Folders;
  /** In `incoming`. */
  readonly temporary: string;
  unsyncedBytes: number;
}

/** Promises, so that an abort finds a file that is still being opened. */
type Writings = Map<number, Promise<Writing>>;

/** Carries out one request in a mirror's directory; calls `moved` to report progress of a long one. */
export type DirectoryWork = (request: Request, moved: () => void) => Promise<Found | undefined>;

/** The directories of a file, from the mirror's root, and its name. */
interface Place {
  readonly folders: readonly string[];
  readonly name: string;
}

/** Works on one mirror's directory, in this process. Follows no symbolic link in it. */
export function directoryWork(root: string): DirectoryWork {
  const writings: Writings = new Map();
  return async (request, moved) => {
    switch (request.kind) {
      case 'begin':
        return begin(root, writings, request);
      case 'chunk':
        return write(await writingOf(writings, request.id), request.bytes);
      case 'commit':
        return commit(root, writings, request.id, moved);
      case 'abort':
        return abort(writings, request.id);
      case 'size':
        return sizeOf(root, placeOf(request.path));
      case 'digest':
        return digestOf(root, placeOf(request.path), request.sizeBytes, moved);
    }
  };
}

function writingOf(writings: Writings, id: number): Promise<Writing> {
  const writing = writings.get(id);
  if (writing === undefined) throw new Error('nothing is being written');
  return writing;
}

function placeOf(path: string): Place {
  const folders = path.split('/');
  const name = folders.pop() ?? '';
  return { folders, name };
}

async function begin(
  root: string,
  writings: Writings,
  { id, path, stem }: Request & { kind: 'begin' },
): Promise<undefined> {
  const opening = openTemporary(root, placeOf(path), stem);
  writings.set(id, opening);
  await opening;
}

async function openTemporary(root: string, place: Place, stem: string): Promise<Writing> {
  const incoming = await Folders.open(root, [INCOMING], true);
  try {
    await clear(incoming, stem);
    // Never a file that is there already, nor what a link leads to.
    const temporary = `${stem}.${randomUUID()}`;
    const handle = await open(incoming.file(temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    return { handle, place, incoming, temporary, unsyncedBytes: 0 };
  } catch (error) {
    await incoming[Symbol.asyncDispose]();
    throw error;
  }
}

/** Removes what a process that was killed left behind of the same file. */
async function clear(incoming: Folders, stem: string): Promise<void> {
  for (const name of await readdir(incoming.file('')))
    if (name.startsWith(stem)) await unlink(incoming.file(name)).catch(() => undefined);
}

async function write(writing: Writing, bytes: Buffer): Promise<undefined> {
  await writing.handle.writeFile(bytes);
  writing.unsyncedBytes += bytes.length;
  if (writing.unsyncedBytes < SYNC_EVERY_BYTES) return;
  writing.unsyncedBytes = 0;
  await writing.handle.datasync();
}

async function commit(root: string, writings: Writings, id: number, moved: () => void): Promise<undefined> {
  const { handle, place, incoming, temporary } = await writingOf(writings, id);
  await handle.datasync();
  await handle.close();
  await using folders = await Folders.open(root, place.folders, true);
  // Replaces a link instead of following it.
  await rename(incoming.file(temporary), folders.file(place.name));
  writings.delete(id);
  await incoming[Symbol.asyncDispose]();
  // The watermark that covers the blob is durable, so the blob has to be.
  await folders.sync(moved);
}

async function abort(writings: Writings, id: number): Promise<undefined> {
  // Also undefined if the file could not be opened: its `begin` has reported why.
  const writing = await writings.get(id)?.catch(() => undefined);
  writings.delete(id);
  if (writing === undefined) return;
  const { handle, incoming, temporary } = writing;
  await handle.close().catch(() => undefined);
  await unlink(incoming.file(temporary)).catch(() => undefined);
  await incoming[Symbol.asyncDispose]();
}

/** Without a size if there is no such file; a link is no file. */
async function sizeOf(root: string, { folders, name }: Place): Promise<{ sizeBytes?: number }> {
  await using opened = await Folders.open(root, folders);
  if (opened === undefined) return {};
  const stats = await lstat(opened.file(name)).catch(() => undefined);
  return stats?.isFile() ? { sizeBytes: stats.size } : {};
}

async function digestOf(
  root: string,
  { folders, name }: Place,
  sizeBytes: number,
  moved: () => void,
): Promise<{ sha256?: string }> {
  await using opened = await Folders.open(root, folders);
  if (opened === undefined) return {};
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  // A FIFO that was put there since the look does not hang.
  const handle = await open(opened.file(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    let restBytes = sizeBytes + 1;
    for (let turn = 1; restBytes > 0; turn++) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_BYTES, restBytes));
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      restBytes -= bytesRead;
      if (turn % 64 === 0) moved();
    }
    return { sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

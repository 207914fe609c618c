import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import type { Request } from './directory-messages.ts';
import { Folders } from './folders.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** In the mirror's directory, so that a rename is atomic; its web server does not serve names that begin with a dot. */
const INCOMING = '.incoming';

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
export type DirectoryWork = (request: Request, moved: () => void) => Promise<void>;

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
      case 'sweep':
        return sweep(root, writings, request.olderThanMs, moved);
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
): Promise<void> {
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

async function write(writing: Writing, bytes: Buffer): Promise<void> {
  await writing.handle.writeFile(bytes);
  writing.unsyncedBytes += bytes.length;
  if (writing.unsyncedBytes < SYNC_EVERY_BYTES) return;
  writing.unsyncedBytes = 0;
  await writing.handle.datasync();
}

async function commit(root: string, writings: Writings, id: number, moved: () => void): Promise<void> {
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

async function abort(writings: Writings, id: number): Promise<void> {
  // Also undefined if the file could not be opened: its `begin` has reported why.
  const writing = await writings.get(id)?.catch(() => undefined);
  writings.delete(id);
  if (writing === undefined) return;
  const { handle, incoming, temporary } = writing;
  await handle.close().catch(() => undefined);
  await unlink(incoming.file(temporary)).catch(() => undefined);
  await incoming[Symbol.asyncDispose]();
}

async function sweep(
  root: string,
  writings: Writings,
  olderThanMs: number,
  moved: () => void,
): Promise<void> {
  await using incoming = await Folders.open(root, [INCOMING]);
  if (incoming === undefined) return;
  const writing = await Promise.all([...writings.values()].map((each) => each.catch(() => undefined)));
  const kept = new Set(writing.map((each) => each?.temporary));
  const names = await readdir(incoming.file(''));
  for (const name of names.filter((each) => !kept.has(each))) {
    const stats = await lstat(incoming.file(name)).catch(() => undefined);
    // Nothing but files: a folder, a link or a device is not ours.
    if (stats?.isFile() && stats.mtimeMs < Date.now() - olderThanMs)
      await unlink(incoming.file(name)).catch(() => undefined);
    moved();
  }
}

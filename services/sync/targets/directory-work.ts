import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Found, Request } from './directory-messages.ts';

const READ_BYTES = 256 * 1024;
/** Written bytes between two syncs, so that no single sync takes long. */
const SYNC_EVERY_BYTES = 64 * 1024 * 1024;

interface Writing {
  readonly handle: FileHandle;
  readonly path: string;
  readonly temporary: string;
  unsyncedBytes: number;
}

/** Promises, so that an abort finds a file that is still being opened. */
type Writings = Map<number, Promise<Writing>>;

/** Carries out one request in a mirror's directory; calls `moved` to report progress of a long one. */
export type DirectoryWork = (request: Request, moved: () => void) => Promise<Found | undefined>;

/** Works on one mirror's directory, in this process. */
export function directoryWork(): DirectoryWork {
  const writings: Writings = new Map();
  return async (request, moved) => {
    switch (request.kind) {
      case 'begin':
        return begin(writings, request);
      case 'chunk':
        return write(await writingOf(writings, request.id), request.bytes);
      case 'commit':
        return commit(writings, request, moved);
      case 'abort':
        return abort(writings, request.id);
      case 'size':
        return sizeOf(request.path);
      case 'digest':
        return digestOf(request.path, moved);
    }
  };
}

function writingOf(writings: Writings, id: number): Promise<Writing> {
  const writing = writings.get(id);
  if (writing === undefined) throw new Error('nothing is being written');
  return writing;
}

async function begin(writings: Writings, request: Request & { kind: 'begin' }): Promise<undefined> {
  const opening = openTemporary(request);
  writings.set(request.id, opening);
  await opening;
}

async function openTemporary({ path, temporary }: Request & { kind: 'begin' }): Promise<Writing> {
  await Promise.all([path, temporary].map((file) => mkdir(dirname(file), { recursive: true })));
  // The same name for each attempt: what a killed process left behind is replaced, not added to.
  const handle = await open(temporary, 'w', 0o644);
  return { handle, path, temporary, unsyncedBytes: 0 };
}

async function write(writing: Writing, bytes: Buffer): Promise<undefined> {
  await writing.handle.writeFile(bytes);
  writing.unsyncedBytes += bytes.length;
  if (writing.unsyncedBytes < SYNC_EVERY_BYTES) return;
  writing.unsyncedBytes = 0;
  await writing.handle.datasync();
}

async function commit(
  writings: Writings,
  { id, root }: Request & { kind: 'commit' },
  moved: () => void,
): Promise<undefined> {
  const { handle, path, temporary } = await writingOf(writings, id);
  await handle.datasync();
  await handle.close();
  writings.delete(id);
  await rename(temporary, path);
  // The watermark that covers the blob is durable, so the blob has to be.
  for (let folder = dirname(path); folder.length >= root.length; folder = dirname(folder)) {
    await syncDirectory(folder);
    moved();
  }
}

async function abort(writings: Writings, id: number): Promise<undefined> {
  // Also undefined if the file could not be opened: its `begin` has reported why.
  const writing = await writings.get(id)?.catch(() => undefined);
  writings.delete(id);
  if (writing === undefined) return;
  await writing.handle.close().catch(() => undefined);
  await rm(writing.temporary, { force: true });
}

/** Without a size if there is no such file. */
async function sizeOf(path: string): Promise<{ sizeBytes?: number }> {
  const stats = await stat(path).catch(() => undefined);
  return stats ? { sizeBytes: stats.size } : {};
}

async function digestOf(path: string, moved: () => void): Promise<{ sha256: string }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const handle = await open(path, 'r');
  try {
    for (let turn = 1; ; turn++) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES);
      if (bytesRead === 0) return { sha256: hash.digest('hex') };
      hash.update(buffer.subarray(0, bytesRead));
      if (turn % 64 === 0) moved();
    }
  } finally {
    await handle.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

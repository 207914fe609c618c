import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mountAt } from '../support/mounts.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

/** A file system of its own, as small as a test likes. */
export interface Tmpfs extends AsyncDisposable {
  readonly path: string;
  resize(mib: number): Promise<void>;
  freeBytes(): Promise<number>;
  /** Fills the disk up but for so many bytes, until disposed. */
  fill(leaveBytes: number): Promise<AsyncDisposable>;
}

/** Mounts one; needs root. */
export async function mountTmpfs(mib: number): Promise<Tmpfs> {
  await using held = new AsyncDisposableStack();
  const { path } = held.use(await tempDir('tmpfs'));
  held.use(await mountAt(path, ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs']));
  const moved = held.move();
  const freeBytes = async () => {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  };
  return {
    path,
    async resize(newMib) {
      await run('mount', ['-o', `remount,size=${newMib}m`, path]);
    },
    freeBytes,
    async fill(leaveBytes) {
      const ballast = join(path, 'ballast');
      await writeFile(ballast, Buffer.alloc((await freeBytes()) - leaveBytes, 1));
      return { [Symbol.asyncDispose]: () => rm(ballast, { force: true }) };
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

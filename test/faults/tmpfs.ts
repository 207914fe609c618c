import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/process.ts';
import type { DefineSuite } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const mounted = new Set<string>();
process.on('exit', () => {
  for (const path of mounted) spawnSync('umount', ['-l', path]);
});

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
  await run('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', path]);
  mounted.add(path);
  held.defer(async () => {
    await run('umount', ['-l', path]);
    mounted.delete(path);
  });
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

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), 'roadstead-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]);
  if (status === 0) spawnSync('umount', [path]);
  rmdirSync(path);
  return status === 0;
}

/** `describe` for suites that mount a disk of their own; skipped, with the reason, where that is not allowed. */
export function requiresTmpfs(): DefineSuite {
  if (canMount()) return describe;
  const reason = 'needs to mount a tmpfs, which takes root';
  return (title, body) =>
    describe(title, () => {
      if (process.env['CI'] === 'true') {
        it('may mount the disk it needs', () => {
          throw new Error(`${title} ${reason}`);
        });
      }
      describe.skip(reason, body);
    });
}

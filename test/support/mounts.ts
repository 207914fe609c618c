import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './process.ts';
import { type DefineSuite, requires } from './requirements.ts';
import { tempDir } from './temp.ts';

const mounted = new Set<string>();
process.on('exit', () => {
  for (const path of mounted) spawnSync('umount', ['-l', path]);
});

/** Mounts something at a directory, which is made if it is not there, until disposed; needs root. */
export async function mountAt(path: string, args: readonly string[]): Promise<AsyncDisposable> {
  await mkdir(path, { recursive: true });
  await run('mount', [...args, path]);
  return unmounting(path);
}

export const EXFAT_PROGRAMS = ['mkfs.exfat', 'mount.exfat-fuse', 'losetup'];

/** An exFAT file system, which has no hard links; through FUSE. */
export async function mountExfat(): Promise<AsyncDisposable & { readonly path: string }> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('exfat'));
  const [image, path] = [join(home.path, 'image'), join(home.path, 'mnt')];
  await writeFile(image, '');
  await truncate(image, 128 * 1024 * 1024);
  await mkdir(path);
  await run('mkfs.exfat', [image]);
  const device = (await run('losetup', ['--find', '--show', image])).stdout.trim();
  cleanUp.defer(async () => void (await run('losetup', ['--detach', device])));
  await run('mount.exfat-fuse', [device, path]);
  cleanUp.use(unmounting(path));
  const held = cleanUp.move();
  return { path, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

function unmounting(path: string): AsyncDisposable {
  mounted.add(path);
  return {
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', path]);
      mounted.delete(path);
    },
  };
}

let mayMount: boolean | undefined;

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), 'roadstead-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]);
  if (status === 0) spawnSync('umount', [path]);
  rmdirSync(path);
  return status === 0;
}

/** `describe` for suites that mount file systems, which takes root, by programs; skipped, with the reason, elsewhere. */
export function requiresMounts(programs: readonly string[] = []): DefineSuite {
  mayMount ??= canMount();
  if (mayMount) return requires(programs);
  const reason = 'needs to mount a file system, which takes root';
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

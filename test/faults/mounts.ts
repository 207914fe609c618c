import { spawnSync } from 'node:child_process';
import { run } from '../support/process.ts';

const mounted = new Set<string>();
process.on('exit', () => {
  for (const path of mounted) spawnSync('umount', ['-l', path]);
});

/** Mounts a directory at another place, too, until disposed; needs what requiresTmpfs looks for. */
export async function mountBound(source: string, path: string): Promise<AsyncDisposable> {
  await run('mount', ['--bind', source, path]);
  mounted.add(path);
  return {
    async [Symbol.asyncDispose]() {
      await run('umount', ['-l', path]);
      mounted.delete(path);
    },
  };
}

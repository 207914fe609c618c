import { join } from 'node:path';
import type { Machine } from '../support/machines/machine.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const SIZE = '256M';

/** A file system that one machine at a time mounts, as one on DRBD. */
export interface SharedDisk extends AsyncDisposable {
  /** Mounts it in a machine. */
  mount(machine: Machine, at: string): Promise<void>;
  unmount(machine: Machine, at: string): Promise<void>;
}

/** Makes a disk of a file of this machine. */
export async function makeSharedDisk(): Promise<SharedDisk> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('disk'));
  const file = join(home.path, 'disk');
  await run('truncate', ['-s', SIZE, file]);
  await run('mkfs.ext4', ['-q', file]);
  const device = (await run('losetup', ['--find', '--show', file])).stdout.trim();
  held.defer(async () => void (await run('losetup', ['--detach', device])));
  const [major, minor] = (await run('stat', ['-c', '%Hr %Lr', device])).stdout.trim().split(' ');
  const all = held.move();
  return {
    mount: async (machine, at) => {
      await machine.script(
        `[ -e /dev/shared ] || mknod /dev/shared b ${major} ${minor}; mkdir -p ${at}; mount /dev/shared ${at}`,
      );
    },
    unmount: async (machine, at) => void (await machine.run('umount', [at])),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

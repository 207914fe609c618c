/** Promise: other users of the machine get into no directory that the registry made for its store; one that exists keeps its mode. */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { tempDir } from '../support/temp.ts';

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

async function open(rootDirectory: string, umask: number): Promise<void> {
  const before = process.umask(umask);
  try {
    await using store = await FilesystemStore.open({ rootDirectory, sync: false });
    await store.put('docker/registry/v2/a/data' as never, Buffer.from('private'));
  } finally {
    process.umask(before);
  }
}

describe('the directory of a store', () => {
  it('that the registry makes is closed to others, whatever umask lets through', async () => {
    await using home = await tempDir('private');
    const [root, closed] = [join(home.path, 'above', 'root'), join(home.path, 'closed')];
    await open(root, 0o022);
    expect(await modeOf(root)).to.equal('750');
    expect(await modeOf(join(home.path, 'above')), 'it is not the store').to.equal('755');
    await open(closed, 0o077);
    expect(await modeOf(closed)).to.equal('700');
    expect(await modeOf(join(closed, 'docker/registry/v2/a/data'))).to.equal('600');
  });

  it('that exists keeps its mode, for programs that share it', async () => {
    await using home = await tempDir('private');
    const root = join(home.path, 'shared');
    await mkdir(root, { mode: 0o755 });
    await open(root, 0o022);
    expect(await modeOf(root)).to.equal('755');
  });
});

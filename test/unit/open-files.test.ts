/** Promise: however many small objects are read at once, few of their files are open at a time. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { tempDir } from '../support/temp.ts';

const OBJECTS = 3000;
/** Four for each of the store's 44 threads, and what the process has open itself. */
const OPEN_MAX = 300;

describe('reads of small objects', function () {
  this.timeout(60_000);

  it('have few files open, though thousands are asked for at once', async () => {
    await using home = await tempDir('open-files');
    const rootDirectory = join(home.path, 'root');
    await using store = await FilesystemStore.open({ rootDirectory, sync: false });
    await mkdir(join(rootDirectory, 'many'), { recursive: true });
    const keys = Array.from({ length: OBJECTS }, (_, i) => `many/${i}`);
    for (const key of keys) await writeFile(join(rootDirectory, key), key);
    let [isOver, most] = [false, 0];
    const watch = async () => {
      while (!isOver) {
        most = Math.max(most, (await readdir('/proc/self/fd')).length);
        await new Promise(setImmediate);
      }
    };
    const watching = watch();
    const read = await Promise.all(keys.map((key) => store.read(key, 100)));
    isOver = true;
    await watching;
    expect(read.map(String)).to.deep.equal(keys);
    expect(most).to.be.at.most(OPEN_MAX);
  });
});

/** Promise: what writes to a mirror's directory writes and reads nowhere else, whatever other programs put there. */
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { Found } from '../../services/sync/targets/directory-messages.ts';
import { type DirectoryWork, directoryWork } from '../../services/sync/targets/directory-work.ts';
import { makeFifo } from '../faults/fifo.ts';
import { sha256 } from '../support/digest.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

const PATH = 'blobs/ab/data';
const BYTES = Buffer.from('published');
const SECRET = 'not published';
const HEX = sha256(BYTES).slice('sha256:'.length);
const still = () => undefined;

describe("work in a mirror's directory", () => {
  let home: TempDir;
  let root: string;
  /** A file that is not the mirror's. */
  let foreign: string;
  let work: DirectoryWork;

  beforeEach(async () => {
    home = await tempDir('mirror');
    root = join(home.path, 'root');
    foreign = join(home.path, 'foreign', 'data');
    await mkdir(dirname(foreign));
    await mkdir(root);
    await writeFile(foreign, SECRET);
    work = directoryWork(root);
  });
  afterEach(async () => {
    expect(await readFile(foreign, 'utf8')).to.equal(SECRET);
    expect(await readdir(dirname(foreign))).to.deep.equal(['data']);
    await home[Symbol.asyncDispose]();
  });

  async function write(): Promise<void> {
    await work({ kind: 'begin', id: 1, path: PATH, stem: HEX }, still);
    await work({ kind: 'chunk', id: 1, bytes: BYTES }, still);
    await work({ kind: 'commit', id: 1 }, still);
  }
  const sizeOf = () => work({ kind: 'size', id: 2, path: PATH }, still);
  const digestOf = (sizeBytes = BYTES.length): Promise<Found | undefined> =>
    work({ kind: 'digest', id: 3, path: PATH, sizeBytes }, still);

  it('writes a file that everybody may read, and leaves nothing else', async () => {
    expect(await sizeOf()).to.deep.equal({});
    await write();
    expect(await sizeOf()).to.deep.equal({ sizeBytes: BYTES.length });
    expect(await digestOf()).to.deep.equal({ sha256: HEX });
    expect((await stat(join(root, PATH))).mode & 0o777).to.equal(0o644);
    expect(await readdir(join(root, '.incoming'))).to.deep.equal([]);
  });

  it('leaves nothing of a write that is aborted while its file is being opened', async () => {
    const begun = work({ kind: 'begin', id: 1, path: 'blob', stem: 'blob' }, still);
    await work({ kind: 'abort', id: 1 }, still);
    await begun;
    expect(await readdir(join(root, '.incoming'))).to.deep.equal([]);
    const late = await work({ kind: 'chunk', id: 1, bytes: Buffer.from('late') }, still).catch(String);
    expect(late).to.equal('Error: nothing is being written');
  });

  it('removes what an earlier process left of the same file, and of no other', async () => {
    await mkdir(join(root, '.incoming'));
    for (const name of [HEX, `${HEX}.1`, 'other']) await writeFile(join(root, '.incoming', name), 'half');
    await write();
    expect(await readdir(join(root, '.incoming'))).to.deep.equal(['other']);
  });

  it('overwrites nothing by a link in the place of a temporary file', async () => {
    await mkdir(join(root, '.incoming'));
    await symlink(foreign, join(root, '.incoming', HEX));
    await write();
    expect(await digestOf()).to.deep.equal({ sha256: HEX });
  });

  it('replaces a link in the place of a file, and does not read what it leads to', async () => {
    await mkdir(dirname(join(root, PATH)), { recursive: true });
    await symlink(foreign, join(root, PATH));
    expect(await sizeOf()).to.deep.equal({});
    expect(await digestOf().catch(({ code }) => code)).to.equal('ELOOP');
    await write();
    expect(await digestOf()).to.deep.equal({ sha256: HEX });
  });

  for (const name of ['.incoming', 'blobs', 'blobs/ab'])
    it(`follows no link in the place of the directory ${name}, and says so`, async () => {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await symlink(dirname(foreign), join(root, name));
      expect(await write().catch(({ message }) => message)).to.equal(
        `${join(root, name)} is no directory; symbolic links in a mirror's directory are not followed: put a directory or a mount there`,
      );
      if (name === '.incoming') return;
      expect(await sizeOf()).to.deep.equal({});
      await work({ kind: 'abort', id: 1 }, still);
      expect(await readdir(join(root, '.incoming'))).to.deep.equal([]);
    });

  it('follows no link that takes the place of a directory during a write', async () => {
    await work({ kind: 'begin', id: 1, path: PATH, stem: HEX }, still);
    await rename(join(root, '.incoming'), join(root, 'aside'));
    await symlink(dirname(foreign), join(root, '.incoming'));
    await work({ kind: 'chunk', id: 1, bytes: BYTES }, still);
    await work({ kind: 'commit', id: 1 }, still);
    expect(await digestOf()).to.deep.equal({ sha256: HEX });
    expect(await readdir(join(root, 'aside'))).to.deep.equal([]);
  });

  it('may begin at a link: the root is what the operator says', async () => {
    const link = join(home.path, 'link');
    await symlink(root, link);
    work = directoryWork(link);
    await write();
    expect(await readFile(join(root, PATH), 'utf8')).to.equal('published');
  });

  it('reads no more than a byte beyond the size, and does not wait for a FIFO', async () => {
    await mkdir(dirname(join(root, PATH)), { recursive: true });
    await writeFile(join(root, PATH), 'published, and more');
    expect(await digestOf()).to.deep.equal({ sha256: sha256(Buffer.from('published,')).slice(7) });
    await rename(join(root, PATH), join(root, 'aside'));
    using _ = makeFifo(join(root, PATH));
    expect(await sizeOf()).to.deep.equal({});
    expect(await digestOf()).to.deep.equal({ sha256: sha256(Buffer.alloc(0)).slice(7) });
  });
});

/** Promise: what writes to a mirror's directory writes nowhere else, whatever other programs put there. */
import {
  lstat,
  lutimes,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { type DirectoryWork, directoryWork } from '../../services/sync/targets/directory-work.ts';
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
  async function expectWritten(): Promise<void> {
    expect((await lstat(join(root, PATH))).isFile(), 'a file, and no link').to.equal(true);
    expect(await readFile(join(root, PATH))).to.deep.equal(BYTES);
  }

  it('writes a file that everybody may read, and leaves nothing else', async () => {
    await write();
    await expectWritten();
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

  it('sweeps old temporary files, and neither new ones, nor what is being written, nor what is no file', async () => {
    const incoming = join(root, '.incoming');
    await mkdir(join(incoming, 'folder'), { recursive: true });
    await symlink(foreign, join(incoming, 'link'));
    for (const name of ['old', 'new']) await writeFile(join(incoming, name), 'half');
    await work({ kind: 'begin', id: 1, path: PATH, stem: HEX }, still);
    const [written = ''] = (await readdir(incoming)).filter((name) => name.startsWith(HEX));
    for (const name of ['old', 'folder', written]) await utimes(join(incoming, name), 1, 1);
    await lutimes(join(incoming, 'link'), 1, 1);
    await work({ kind: 'sweep', id: 2, olderThanMs: 60_000 }, still);
    expect((await readdir(incoming)).sort()).to.deep.equal([written, 'folder', 'link', 'new'].sort());
    await work({ kind: 'chunk', id: 1, bytes: BYTES }, still);
    await work({ kind: 'commit', id: 1 }, still);
    await expectWritten();
  });

  it('sweeps nothing where nothing was ever written', async () => {
    await work({ kind: 'sweep', id: 2, olderThanMs: 0 }, still);
    expect(await readdir(root)).to.deep.equal([]);
  });

  it('overwrites nothing by a link in the place of a temporary file', async () => {
    await mkdir(join(root, '.incoming'));
    await symlink(foreign, join(root, '.incoming', HEX));
    await write();
    await expectWritten();
  });

  it('sweeps nothing behind a link in the place of the directory of temporary files', async () => {
    await symlink(dirname(foreign), join(root, '.incoming'));
    await utimes(foreign, 1, 1);
    await work({ kind: 'sweep', id: 2, olderThanMs: 60_000 }, still);
  });

  it('replaces a link in the place of a file', async () => {
    await mkdir(dirname(join(root, PATH)), { recursive: true });
    await symlink(foreign, join(root, PATH));
    await write();
    await expectWritten();
  });

  for (const name of ['.incoming', 'blobs', 'blobs/ab'])
    it(`follows no link in the place of the directory ${name}, and says so`, async () => {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await symlink(dirname(foreign), join(root, name));
      expect(await write().catch(({ message }) => message)).to.equal(
        `${join(root, name)} is no directory; symbolic links in a mirror's directory are not followed: put a directory or a mount there`,
      );
      if (name === '.incoming') return;
      await work({ kind: 'abort', id: 1 }, still);
      expect(await readdir(join(root, '.incoming'))).to.deep.equal([]);
    });

  it('follows no link that takes the place of a directory during a write', async () => {
    await work({ kind: 'begin', id: 1, path: PATH, stem: HEX }, still);
    await rename(join(root, '.incoming'), join(root, 'aside'));
    await symlink(dirname(foreign), join(root, '.incoming'));
    await work({ kind: 'chunk', id: 1, bytes: BYTES }, still);
    await work({ kind: 'commit', id: 1 }, still);
    await expectWritten();
    expect(await readdir(join(root, 'aside'))).to.deep.equal([]);
  });

  it('may begin at a link: the root is what the operator says', async () => {
    const link = join(home.path, 'link');
    await symlink(root, link);
    work = directoryWork(link);
    await write();
    expect(await readFile(join(root, PATH), 'utf8')).to.equal('published');
  });
});

/**
 * Promise: a process that starts over a network file system says if its mount hides the changes of other machines, and
 * names the options that are missing; over any other file system it says nothing.
 */
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { sharingDoubt } from '../../services/stores/filesystem/network-mount.ts';
import { tempDir } from '../support/temp.ts';

/** As Linux shows them: defaults of caching are left out, `actimeo=0` is four options. */
const PLAIN =
  'rw,relatime,vers=4.2,rsize=1048576,wsize=1048576,hard,proto=tcp,timeo=600,retrans=2,local_lock=none';
const UNCACHED = 'acregmin=0,acregmax=0,acdirmin=0,acdirmax=0,lookupcache=none';

describe('the mount of a store', () => {
  const held = new AsyncDisposableStack();
  let home: string;
  let root: string;
  before(async () => {
    home = await realpath(held.use(await tempDir('mounts')).path);
    root = join(home, 'a store');
    await mkdir(root);
  });
  after(() => held.disposeAsync());

  /** What is said if these lines are the system's mounts. */
  async function doubtOf(lines: readonly string[], directory = root): Promise<string | undefined> {
    const mounts = join(home, 'mounts');
    await writeFile(mounts, lines.map((line) => `${line} 0 0\n`).join(''));
    return sharingDoubt(directory, mounts);
  }
  const at = (path: string, type: string, options: string) =>
    `server:/export ${path.replaceAll(' ', '\\040')} ${type} ${options}`;

  for (const [what, type, options, lacks] of [
    ['NFS as it is mounted by default', 'nfs4', PLAIN, 'actimeo=0, lookupcache=none'],
    ['NFS without caches', 'nfs4', `${PLAIN},${UNCACHED}`, undefined],
    ['NFS with noac', 'nfs4', `${PLAIN},noac,lookupcache=none`, undefined],
    ['NFS that caches files only', 'nfs4', `${PLAIN},acdirmin=0,acdirmax=0,lookupcache=none`, 'actimeo=0'],
    ['NFS of version 3', 'nfs', `${PLAIN},${UNCACHED}`.replace('vers=4.2', 'vers=3'), 'vers=4.2'],
    ['NFS whose calls fail', 'nfs4', `${PLAIN},${UNCACHED}`.replace('hard', 'soft'), 'hard'],
  ] as const)
    it(`${what} ${lacks ? `lacks ${lacks}` : 'is in order'}`, async () => {
      const doubt = await doubtOf([at('/', 'ext4', 'rw'), at(root, type, options)]);
      if (lacks === undefined) expect(doubt).to.equal(undefined);
      else expect(doubt).to.contain(`${root} is on ${type}, mounted without ${lacks}:`);
    });

  it('is in doubt on SMB, and on file systems by FUSE that reach another machine', async () => {
    for (const type of ['cifs', 'smb3', 'fuse.sshfs', 'fuse.s3fs'])
      expect(await doubtOf([at(root, type, 'rw')]), type).to.contain(`is on ${type}, which does not show`);
    for (const type of ['ext4', 'xfs', 'ceph', 'overlay', 'fuse.exfat'])
      expect(await doubtOf([at(root, type, 'rw')]), type).to.equal(undefined);
  });

  it('is the deepest one above the directory, the last of several at one place, and that of a link', async () => {
    const nfs = at(home, 'nfs4', PLAIN);
    expect(await doubtOf([nfs])).to.contain('is on nfs4');
    expect(await doubtOf([at(root, 'ext4', 'rw'), nfs])).to.equal(undefined);
    expect(await doubtOf([nfs, at(home, 'ext4', 'rw')])).to.equal(undefined);
    expect(await doubtOf([at(`${root}/below`, 'nfs4', PLAIN), at(`${root}2`, 'nfs4', PLAIN)])).to.equal(
      undefined,
    );
    const link = join(home, 'link');
    await symlink(root, link);
    expect(await doubtOf([at(root, 'nfs4', PLAIN)], link)).to.contain('is on nfs4');
  });

  it('is not asked for where the system does not show its mounts', async () => {
    expect(await sharingDoubt(root, join(home, 'missing'))).to.equal(undefined);
    expect(await sharingDoubt(root)).to.equal(undefined);
  });
});

/**
 * Promise: a mirror is added, a store is backed up, wiped and restored to the same digests, a version that does not start is
 * taken back, and old versions go, each by its playbook.
 */
import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import { type ImageLayout, makeImageLayout } from '../support/image-layout.ts';
import { MACHINES_TIMEOUT_MS, requiresMachines } from '../support/machines/park.ts';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { nightly } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { Users } from './clients.ts';
import { expectUnchanged } from './playbook.ts';
import { openSite, type Site } from './site.ts';
import { breakVersion } from './versions.ts';

const IMAGE = 'stable/app:1';
const LATEST = '/var/backups/roadstead/latest';

nightly(requiresMachines(['ansible-playbook', 'skopeo', 'openssl', ...RADOSGW_PROGRAMS]))(
  'the collection, from the second day on',
  function () {
    this.timeout(MACHINES_TIMEOUT_MS * 3);
    const held = new AsyncDisposableStack();
    let home: TempDir;
    let tarball: string;
    let site: Site;
    let users: Users;
    let layout: ImageLayout;

    before(async () => {
      home = held.use(await tempDir('day-two'));
      ({ tarball } = await artifacts(['tarball']));
      site = held.use(await openSite(tarball, ['mirror3']));
      users = held.use(await Users.open(site));
      layout = await makeImageLayout(`${home.path}/layout`);
      await succeed('site');
      await site.park.machines.node1.run('mkdir', ['/opt/roadstead/0.0.1']);
      await users.push(layout.directory, 'amd64', 'candidate/app:1');
      await users.promote('candidate/app:1', IMAGE);
    });
    after(() => held.disposeAsync());

    it('adds a third mirror, which is filled, without a restart of an API node', async () => {
      const before = await apiStart();
      await site.addMirror('mirror3');
      const { output } = await succeed('mirror', '--extra-vars', 'roadstead_new_mirror=mirror3');
      expect(output).to.include('Send what clients send');
      await users.push(layout.directory, 'amd64', 'candidate/more:1');
      await users.promote('candidate/more:1', 'stable/more:1', 3);
      expect(await apiStart()).to.equal(before);
    });

    it('restores what was backed up: the same digests, and a sound store', async () => {
      await succeed('backup');
      await wipe();
      const { output } = await succeed(
        'restore',
        ...['--extra-vars', `roadstead_restore_from=${LATEST} roadstead_restore_confirm=yes`],
      );
      expect(output).to.include('Check the whole store');
      expect(await users.pull(IMAGE)).to.equal(layout.digests.amd64);
    });

    it('goes back to the version before on the first node that does not return, and no pull fails', async () => {
      const versions = await site.versions();
      const broken = await breakVersion(tarball, '9.0.2', home.path);
      const pulling = users.keepPulling(IMAGE);
      const played = await site.upgrade(broken, IMAGE);
      const { pulled, failures } = await pulling.stop();
      expect(played.code, played.output).not.to.equal(0);
      expect(played.output).to.include(
        `node1 did not return with version 9.0.2, and runs ${versions[0]} again`,
      );
      expect(failures).to.deep.equal([]);
      expect(pulled).to.be.above(0);
      expect(await site.versions()).to.deep.equal(versions);
      expect(played.hosts.get('node2')?.failed).to.equal(0);
      expectUnchanged(await site.play('registry', '--check'));
    });

    it('removes old states of the backup, and versions beyond the one in use and one more', async () => {
      const { node1 } = site.park.machines;
      await succeed('backup');
      await succeed('prune', '--extra-vars', 'roadstead_backup_keep=1');
      const states = await node1.script('ls /var/backups/roadstead | grep -c Z$');
      expect(states.stdout).to.equal('1\n');
      const { stdout: left } = await node1.run('ls', ['/opt/roadstead']);
      const [inUse] = await site.versions();
      expect(left.trim().split('\n')).to.have.members(['9.0.2', inUse, 'current']);
    });

    const succeed = async (name: string, ...args: string[]) => {
      const played = await site.play(name, ...args);
      expect(played.code, played.output).to.equal(0);
      return played;
    };
    const apiStart = async () => {
      const args = ['show', '--value', '--property=ExecMainStartTimestampMonotonic', 'roadstead@api'];
      return (await site.park.machines.node1.run('systemctl', args)).stdout;
    };
    const wipe = async () => {
      await Promise.all(
        ['node1', 'node2', 'node3'].map((name) =>
          site.park.machines[name as 'node1'].run('systemctl', ['stop', 'roadstead@*']),
        ),
      );
      for (;;) {
        const { client, bucket: Bucket } = site.store;
        const { Contents: found = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
        if (found.length === 0) return;
        const Objects = found.map(({ Key }) => ({ Key }));
        await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
      }
    };
  },
);

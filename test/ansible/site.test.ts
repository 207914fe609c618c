/**
 * Promise: the collection, as installed, brings up what the shipped inventory says on machines that have nothing but Debian;
 * a second run changes nothing; an upgrade fails no pull.
 */
import { readFile } from 'node:fs/promises';
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
import { buildVersion } from './versions.ts';

const IMAGE = 'stable/app:1';

requiresMachines(['ansible-playbook', 'skopeo', 'openssl', ...RADOSGW_PROGRAMS])(
  'the collection',
  function () {
    this.timeout(MACHINES_TIMEOUT_MS * 2);
    const held = new AsyncDisposableStack();
    let home: TempDir;
    let site: Site;
    let users: Users;
    let layout: ImageLayout;

    before(async () => {
      site = held.use(await openSite((await artifacts(['tarball'])).tarball));
      users = held.use(await Users.open(site));
      home = held.use(await tempDir('packages'));
      layout = await makeImageLayout(`${home.path}/layout`);
    });
    after(() => held.disposeAsync());

    it('says in check mode what it would do, and does nothing', async () => {
      const played = await site.play('site', '--check', '--limit', 'node3,mirror1,front2,redis1');
      expect(played.code, played.output).to.equal(0);
      const { stdout } = await site.park.machines.node3.script('ls -d /etc/roadstead /opt/roadstead || true');
      expect(stdout).to.equal('');
    });

    it('brings up everything that the inventory names', async () => {
      const played = await site.play('site');
      expect(played.code, played.output).to.equal(0);
      for (const secret of ['testsecret', 'PRIVATE KEY', '0123456789abcdef'])
        expect(played.output).not.to.include(secret);
    });

    it('changes nothing when it runs again', async () => {
      expectUnchanged(await site.play('site'));
    });

    it('brings up a registry whose clients get a promoted image, and its layers from mirrors', async () => {
      await users.push(layout.directory, 'amd64', 'candidate/app:1');
      await users.promote('candidate/app:1', IMAGE);
      for (const front of site.fronts) expect(await users.pull(IMAGE, front)).to.equal(layout.digests.amd64);
      expect(await clientsOfMirrors(site)).to.be.above(0);
    });

    // Six minutes of two cores.
    nightly(describe)('when it is upgraded', () => {
      it('replaces the version, one node after the other, and no pull fails', async () => {
        const next = await buildVersion('9.0.1', home.path);
        const pulling = users.keepPulling(IMAGE);
        const played = await site.upgrade(next, IMAGE);
        const { pulled, failures } = await pulling.stop();
        expect(played.code, played.output).to.equal(0);
        expect(failures).to.deep.equal([]);
        expect(pulled).to.be.above(5);
        expect(await site.versions()).to.deep.equal(['9.0.1', '9.0.1', '9.0.1']);
      });
    });
  },
);

/** How many requests for blobs both mirrors answered with 200, other than the registry's own. */
async function clientsOfMirrors({ park: { machines } }: Site): Promise<number> {
  const logs = [
    machines.mirror1.path('/var/log/nginx/mirror.log'),
    machines.mirror2.path('/var/log/apache2/mirror.log'),
  ];
  const lines = (await Promise.all(logs.map((path) => readFile(path, 'utf8')))).join('').split('\n');
  return lines.filter((line) => / 200 /.test(line) && !line.includes('roadstead-reader')).length;
}

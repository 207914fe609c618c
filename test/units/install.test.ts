/** Promise: the Debian package installs, upgrades and goes as packages of Debian do, and its units are hardened. */
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import type { Machine } from '../support/machines/machine.ts';
import { MACHINES_TIMEOUT_MS, openPark, requiresMachines } from '../support/machines/park.ts';
import { bringImage, installPackage, propertiesOf, SLOW_MS, untilState, useRegistry } from './installed.ts';

const UNIT = 'roadstead.service';
const UNITS = [
  ...['roadstead.service', 'roadstead.socket', 'roadstead.target', 'roadstead@.service'],
  ...['roadstead@api.socket', 'roadstead@token.socket', 'roadstead@release.socket'],
].map((name) => `/lib/systemd/system/${name}`);
/** Of `systemd-analyze security`: 10 is unprotected. */
const EXPOSURE_MAX = 2;

requiresMachines(['dpkg-deb', 'dpkg-shlibdeps'])('the Debian package', function () {
  this.timeout(MACHINES_TIMEOUT_MS);
  const held = new AsyncDisposableStack();
  let deb: string;
  let machine: Machine;

  before(async () => {
    ({ deb } = await artifacts(['deb']));
    const park = held.use(await openPark(['node'], { packages: ['skopeo'] }));
    machine = park.machines.node;
  });
  after(() => held.disposeAsync());

  it('starts with the machine from its installation on, for this machine only', async () => {
    // The version before, as far as dpkg knows.
    await machine.copyIn(deb, '/root/new.deb');
    await machine.script(
      `cd /root; dpkg-deb -R new.deb old; sed -i 's/^Version: .*/Version: 0.0.1/' old/DEBIAN/control
      dpkg-deb --root-owner-group -Znone --build old old.deb; rm -r old`,
      { timeoutMs: 2 * SLOW_MS },
    );
    await installPackage(machine, machine.path('/root/old.deb'));
    await untilState(machine, UNIT, 'active');
    const { stdout } = await machine.script(
      `systemctl is-enabled roadstead.service roadstead.target; stat -c '%U:%G %a' /var/lib/roadstead /etc/roadstead
      ss -ltnH | awk '{print $4}' | grep -E ':500[0-9]$' | sort | tr '\\n' ' '; roadstead --version`,
    );
    expect(stdout).to.match(
      /^enabled\nenabled\nroadstead:roadstead 750\nroot:root 755\n127.0.0.1:5000 127.0.0.1:5001 \d+\.\d+\.\d+/,
    );
  });

  it('has units that systemd finds no fault with, each hardened', async () => {
    const args = ['verify', '--man=no', ...UNITS];
    const { stdout, stderr } = await machine.run('systemd-analyze', args, { allowFailure: true });
    expect(`${stdout}${stderr}`).to.equal('');
    for (const unit of ['roadstead.service', 'roadstead@api.service', 'roadstead@sync.service']) {
      const { stdout: report } = await machine.run('systemd-analyze', ['security', '--no-pager', unit]);
      const [, exposure = '10'] = /Overall exposure level for .*: ([\d.]+)/.exec(report) ?? [];
      expect(Number(exposure), unit).to.be.at.most(EXPOSURE_MAX);
    }
  });

  it('upgrades with what the operator changed, and starts the new program once', async () => {
    await useRegistry(machine, await bringImage(machine));
    await machine.script("echo '# ours' >> /etc/roadstead/config.yml");
    const before = await propertiesOf(machine, UNIT, 'MainPID');
    await installPackage(machine, deb);
    await untilState(machine, UNIT, 'active');
    const after = await propertiesOf(machine, UNIT, 'MainPID', 'NRestarts');
    expect(after.MainPID).to.not.equal(before.MainPID);
    expect(after.NRestarts).to.equal('0');
    expect(await readFile(machine.path('/etc/roadstead/config.yml'), 'utf8')).to.include('# ours');
    // One that the operator stopped and disabled stays so.
    await machine.script('systemctl disable --now -q roadstead');
    await machine.script('DEBIAN_FRONTEND=noninteractive dpkg -i /root/new.deb', { timeoutMs: 2 * SLOW_MS });
    const { stdout } = await machine.run('systemctl', ['is-enabled', UNIT], { allowFailure: true });
    expect(stdout.trim()).to.equal('disabled');
    expect((await propertiesOf(machine, UNIT, 'ActiveState')).ActiveState).to.equal('inactive');
    await machine.script('systemctl enable --now -q roadstead');
  });

  it('is removed and purged, and leaves nothing but the images and their user', async () => {
    await machine.script('apt-get -q -y remove roadstead', { timeoutMs: SLOW_MS });
    const { ActiveState } = await propertiesOf(machine, UNIT, 'ActiveState');
    expect(ActiveState).to.equal('inactive');
    const find = "find / -xdev -iname '*roadstead*' -not -path '/root/*' -not -path '/var/log/*' | sort";
    const { stdout: removed } = await machine.script(find);
    expect(removed.split('\n').filter((path) => /^\/(usr|lib|bin)/.test(path))).to.deep.equal([]);
    expect(removed).to.include('/etc/roadstead\n').and.include('/var/lib/roadstead\n');
    const { stdout: said } = await machine.script('apt-get -q -y purge roadstead 2>&1', {
      timeoutMs: SLOW_MS,
    });
    expect(said).to.include('kept /var/lib/roadstead');
    const { stdout: purged } = await machine.script(find);
    const left = purged.trim().split('\n');
    expect(left.filter((path) => !path.startsWith('/var/lib/roadstead'))).to.deep.equal([]);
    const { stdout: user } = await machine.run('getent', ['passwd', 'roadstead']);
    expect(user).to.match(/^roadstead:x:\d+:\d+:.*:\/var\/lib\/roadstead:\/usr\/sbin\/nologin\n$/);
  });
});

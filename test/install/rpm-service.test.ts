/** Promise: the RPM package makes its user and directories, restarts what runs at an upgrade, and goes without a rest. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import type { Machine } from '../support/machines/machine.ts';
import { MACHINES_TIMEOUT_MS, openPark, requiresMachines } from '../support/machines/park.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import {
  bringImage,
  propertiesOf,
  pulledDigest,
  SLOW_MS,
  untilState,
  useRegistry,
} from '../units/installed.ts';

const UNIT = 'roadstead.service';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The version before, and this one. */
const [OLD, NEW] = ['/root/old.rpm', '/root/new.rpm'];

requiresMachines(['flock', 'rpmbuild'])('the RPM package in systemd', function () {
  this.timeout(MACHINES_TIMEOUT_MS);
  const held = new AsyncDisposableStack();
  let machine: Machine;

  before(async () => {
    const { rpm } = await artifacts(['rpm']);
    // Debian has RPM and systemd; the names of packages are Debian's, so RPM cannot see that all is there.
    const park = held.use(await openPark(['node'], { packages: ['rpm', 'skopeo', 'libstdc++6'] }));
    machine = park.machines.node;
    // As Fedora and RHEL have it.
    await machine.write('/usr/lib/systemd/system-preset/99-default-disable.preset', 'disable *\n');
    await using old = await tempDir('old');
    const args = ['infra/build/main.ts', '--only', 'rpm', '--version', '0.0.1', '--out', old.path];
    const env = { ROADSTEAD_BUILD: 'quick' };
    const { stdout } = await run(process.execPath, args, { cwd: ROOT, env, timeoutMs: 3 * SLOW_MS });
    await machine.copyIn(stdout.split('\n')[0] ?? '', OLD);
    await machine.copyIn(rpm, NEW);
  });
  after(() => held.disposeAsync());

  /** What RPM and its scripts print, without Debian's advice to use other packages. */
  const rpm = async (args: string) => {
    // A script of a package starts where RPM does.
    const { stdout } = await machine.script(`cd /root; rpm --nodeps ${args} 2>&1`, {
      timeoutMs: 3 * SLOW_MS,
    });
    return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('rpm: '));
  };
  const isEnabled = async (unit: string) =>
    (await machine.run('systemctl', ['is-enabled', unit], { allowFailure: true })).stdout.trim();

  it('installs with its user and directories, and starts when it is enabled', async () => {
    const printed = await rpm(`--install ${OLD}`);
    expect(printed.filter((line) => !/^Creating (group|user) 'roadstead'/.test(line))).to.deep.equal([]);
    const { stdout } = await machine.run('stat', ['-c', '%U:%G %a', '/var/lib/roadstead', '/etc/roadstead']);
    expect(stdout).to.equal('roadstead:roadstead 750\nroot:root 755\n');
    expect(await isEnabled(UNIT)).to.equal('disabled');
    expect((await propertiesOf(machine, UNIT, 'ActiveState')).ActiveState).to.equal('inactive');
    await machine.script(
      'systemctl enable --now -q roadstead roadstead@sync.service; systemctl stop roadstead@sync',
    );
    await untilState(machine, UNIT, 'active');
  });

  it('restarts at an upgrade what runs, with the configuration and images that were there', async () => {
    const image = await bringImage(machine);
    await useRegistry(machine, image);
    await machine.script("echo '# ours' >> /etc/roadstead/config.yml");
    const before = await propertiesOf(machine, UNIT, 'MainPID');
    expect(await rpm(`--upgrade ${NEW}`)).to.deep.equal([]);
    await untilState(machine, UNIT, 'active');
    const after = await propertiesOf(machine, UNIT, 'MainPID', 'NRestarts');
    expect(after.MainPID).to.not.equal(before.MainPID);
    expect(after.NRestarts).to.equal('0');
    expect(await isEnabled(UNIT)).to.equal('enabled');
    expect((await machine.run('rpm', ['-q', 'roadstead'])).stdout).to.match(/^roadstead-(?!0\.0\.1)\S+\n$/);
    expect(await readFile(machine.path('/etc/roadstead/config.yml'), 'utf8')).to.include('# ours');
    expect(await pulledDigest(machine)).to.equal(image.digests.multi);
  });

  it('leaves nothing but images, changed configuration and their user', async () => {
    expect(await rpm('--erase roadstead')).to.deep.equal([
      'warning: /etc/roadstead/config.yml saved as /etc/roadstead/config.yml.rpmsave',
      ...['/etc/roadstead', '/var/lib/roadstead'].map(
        (directory) => `roadstead: kept ${directory}; delete it if you need nothing of it`,
      ),
    ]);
    const { stdout: running } = await machine.run('pgrep', ['-u', 'roadstead'], { allowFailure: true });
    expect(running).to.equal('');
    const find =
      "find / -xdev -iname '*roadstead*' -not -path '/root/*' -not -path '/var/lib/roadstead/*' | sort";
    const { stdout: left } = await machine.script(`${find}; ls /etc/roadstead`);
    expect(left).to.equal('/etc/roadstead\n/var/lib/roadstead\nconfig.yml.rpmsave\n');
    expect((await machine.run('getent', ['passwd', 'roadstead'])).stdout).to.match(/^roadstead:x:\d+:/);
  });
});

/** Promise: the machines of the tests are machines: systemd runs, they reach each other, and what they write survives a crash. */
import { expect } from 'chai';
import { MACHINES_TIMEOUT_MS, openPark, type Park, requiresMachines } from '../support/machines/park.ts';
import { run } from '../support/process.ts';

requiresMachines()('machines', function () {
  this.timeout(MACHINES_TIMEOUT_MS);
  let park: Park<'alpha' | 'beta'>;
  before(async () => {
    park = await openPark(['alpha', 'beta']);
  });
  after(() => park?.[Symbol.asyncDispose]());

  it('run systemd, and nothing of theirs has failed', async () => {
    const { stdout } = await park.machines.alpha.run('systemctl', ['is-system-running']);
    expect(stdout.trim()).to.equal('running');
  });

  it('run hardened services', async () => {
    const { alpha } = park.machines;
    await alpha.write('/etc/systemd/system/try.service', HARDENED);
    await alpha.script('systemctl daemon-reload; systemctl start try');
    const { stdout } = await alpha.run('journalctl', ['-u', 'try', '-o', 'cat']);
    expect(stdout)
      .to.include('Read-only file system')
      .and.match(/Seccomp:\s+2/);
  });

  it('reach each other by name, and let root in by its key', async () => {
    const { alpha, beta } = park.machines;
    await alpha.run('bash', ['-c', 'exec 3<>/dev/tcp/beta/22; head -c 4 <&3']);
    const options = [
      '-i',
      park.sshKey,
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
    ];
    const { stdout } = await run('ssh', [...options, `root@${beta.address}`, 'hostname']);
    expect(stdout.trim()).to.equal('beta');
  });

  it('fetch packages of Debian', async () => {
    await park.machines.beta.script('apt-get -q update; apt-get -q -y install hello', { timeoutMs: 120_000 });
    expect((await park.machines.beta.run('hello')).stdout).to.include('Hello, world!');
  });

  it('keep their files when their power is cut', async () => {
    const { alpha } = park.machines;
    await alpha.write('/var/lib/kept', 'kept');
    await alpha.crash();
    await alpha.boot();
    expect((await alpha.run('cat', ['/var/lib/kept'])).stdout).to.equal('kept');
  });
});

const HARDENED = `[Service]
Type=oneshot
DynamicUser=yes
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
SystemCallFilter=@system-service
ExecStart=-/usr/bin/touch /usr/try
ExecStart=/usr/bin/grep Seccomp /proc/self/status
`;

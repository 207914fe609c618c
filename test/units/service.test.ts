/** Promise: systemd starts, watches, reloads and stops the registry, and each failure ends as operators expect. */
import { expect } from 'chai';
import { artifacts } from '../support/artifacts.ts';
import { eventually } from '../support/eventually.ts';
import type { ImageLayout } from '../support/image-layout.ts';
import type { Machine } from '../support/machines/machine.ts';
import { MACHINES_TIMEOUT_MS, openPark, requiresMachines } from '../support/machines/park.ts';
import {
  bringImage,
  installPackage,
  journalOf,
  propertiesOf,
  pulledDigest,
  SLOW_MS,
  untilState,
  useRegistry,
} from './installed.ts';

const UNIT = 'roadstead.service';
const CONFIG = '/etc/roadstead/config.yml';

requiresMachines(['dpkg-deb', 'dpkg-shlibdeps'])('the service in systemd', function () {
  this.timeout(MACHINES_TIMEOUT_MS);
  const held = new AsyncDisposableStack();
  let machine: Machine;
  let image: ImageLayout;

  before(async () => {
    const { deb } = await artifacts(['deb']);
    const park = held.use(await openPark(['node'], { packages: ['skopeo'] }));
    machine = park.machines.node;
    await installPackage(machine, deb);
    image = await bringImage(machine);
  });
  after(() => held.disposeAsync());

  const mainPid = async () => Number((await propertiesOf(machine, UNIT, 'MainPID')).MainPID);

  /** Waits until another process than this one serves. */
  async function restartedAfter(pid: number): Promise<void> {
    await eventually(
      'another process',
      async () => {
        const { MainPID, ActiveState } = await propertiesOf(machine, UNIT, 'MainPID', 'ActiveState');
        return ActiveState === 'active' && Number(MainPID) !== pid && Number(MainPID) > 0;
      },
      SLOW_MS,
      100,
    );
  }

  it('is active when its ports answer, and says in one line what it serves', async () => {
    await untilState(machine, UNIT, 'active');
    await machine.run('curl', ['-sSf', 'http://127.0.0.1:5000/readyz']);
    const { StatusText, User } = await propertiesOf(machine, UNIT, 'StatusText', 'User');
    expect(StatusText).to.equal('ready: api, token, release, sync at http://127.0.0.1:5000');
    expect(User).to.equal('roadstead');
    const { stdout } = await machine.run('systemctl', ['status', '--no-pager', UNIT]);
    expect(stdout).to.include('Status: "ready: api');
  });

  it('takes a push, promotes and serves it, hardened as it is, and keeps it over a restart', async () => {
    await useRegistry(machine, image);
    await machine.run('systemctl', ['restart', UNIT]);
    expect(await pulledDigest(machine)).to.equal(image.digests.multi);
    const { stdout } = await machine.script(
      `grep -E '^(Seccomp|NoNewPrivs|CapBnd):' /proc/${await mainPid()}/status`,
    );
    expect(stdout)
      .to.match(/NoNewPrivs:\s+1/)
      .and.match(/Seccomp:\s+2/)
      .and.match(/CapBnd:\s+0000000000000000/);
  });

  it('reloads without a restart', async () => {
    const pid = await mainPid();
    await machine.run('systemctl', ['reload', UNIT]);
    await eventually(
      'the log says so',
      async () => /reread|reload/.test(await journalOf(machine, UNIT)),
      SLOW_MS,
    );
    expect(await mainPid()).to.equal(pid);
  });

  it('is started again when it is killed', async () => {
    const pid = await mainPid();
    await machine.run('kill', ['-9', String(pid)]);
    await restartedAfter(pid);
    expect(await pulledDigest(machine)).to.equal(image.digests.multi);
  });

  it('is killed and started again by the watchdog when it hangs', async () => {
    await machine.write('/etc/systemd/system/roadstead.service.d/test.conf', '[Service]\nWatchdogSec=6s\n');
    await machine.script('systemctl daemon-reload; systemctl restart roadstead');
    const pid = await mainPid();
    await machine.run('kill', ['-STOP', String(pid)]);
    await restartedAfter(pid);
    expect(await journalOf(machine, UNIT)).to.include('Watchdog timeout');
  });

  it('is not killed because its store is away, and says that it is not ready', async () => {
    const pid = await mainPid();
    await machine.run('chmod', ['000', '/var/lib/roadstead/registry']);
    await eventually(
      'a status that says so',
      async () => (await propertiesOf(machine, UNIT, 'StatusText')).StatusText.startsWith('not ready'),
      SLOW_MS,
      200,
    );
    // Two rounds of the watchdog.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    expect(await mainPid()).to.equal(pid);
    await machine.run('chmod', ['700', '/var/lib/roadstead/registry']);
    await eventually(
      'ready again',
      async () => (await propertiesOf(machine, UNIT, 'StatusText')).StatusText.startsWith('ready'),
      SLOW_MS,
      200,
    );
  });

  it('lets answers under way end when it is stopped, and says that it stops', async () => {
    await machine.script(
      `
      head -c 3000000 /dev/zero > /root/blob
      (curl -sS -o /root/answer -w '%{http_code}' --limit-rate 500k -X POST -H 'Content-Type: application/octet-stream' \\
        --data-binary @/root/blob "http://127.0.0.1:5000/v2/candidate/slow/blobs/uploads/?digest=sha256:$(sha256sum /root/blob | cut -d ' ' -f 1)" > /root/code 2> /root/problem; echo "$?" > /root/ended) &
      sleep 2; systemctl stop roadstead`,
      { timeoutMs: SLOW_MS },
    );
    const { stdout } = await machine.script(
      'for i in $(seq 100); do [ -e /root/ended ] && break; sleep 0.1; done; cat /root/ended /root/code',
    );
    expect(stdout).to.equal('0\n201');
    const { Result, ActiveState } = await propertiesOf(machine, UNIT, 'Result', 'ActiveState');
    expect({ Result, ActiveState }).to.deep.equal({ Result: 'success', ActiveState: 'inactive' });
    expect(await journalOf(machine, UNIT)).to.include('"stopped"');
  });

  it('fails at once for a wrong configuration, and is not started again and again', async () => {
    await machine.script(
      `cp ${CONFIG} /root/config.yml; sed -i 's/addr: 127.0.0.1:5000/addr: nowhere/' ${CONFIG}`,
    );
    const { code } = await machine.run('systemctl', ['start', UNIT], { allowFailure: true });
    expect(code).to.not.equal(0);
    await untilState(machine, UNIT, 'failed');
    const shown = await propertiesOf(machine, UNIT, 'ExecMainStatus', 'NRestarts', 'Result');
    expect(shown).to.deep.equal({ ExecMainStatus: '78', NRestarts: '0', Result: 'exit-code' });
    expect(await journalOf(machine, UNIT)).to.include('http.addr = "nowhere": expected host:port');
    await machine.script(`cp /root/config.yml ${CONFIG}; systemctl reset-failed roadstead`);
  });

  it('answers a request that came while it was starting, by the socket of systemd', async () => {
    await machine.run('systemctl', ['start', 'roadstead.socket']);
    expect((await propertiesOf(machine, UNIT, 'ActiveState')).ActiveState).to.equal('inactive');
    const { stdout } = await machine.run('curl', ['-sSf', '-m', '60', 'http://127.0.0.1:5000/v2/']);
    expect(stdout).to.equal('{}');
    await untilState(machine, UNIT, 'active');
    // No request is refused during restarts.
    const { stdout: codes } = await machine.script(
      `(for i in 1 2 3; do systemctl restart roadstead; done; touch /root/restarted) &
      while [ ! -e /root/restarted ]; do curl -s -o /dev/null -m 60 -w '%{http_code}\\n' http://127.0.0.1:5000/v2/; done | sort | uniq -c`,
      { timeoutMs: 2 * SLOW_MS },
    );
    expect(codes.trim()).to.match(/^\d+ 200$/);
    await machine.run('systemctl', ['stop', 'roadstead.socket', UNIT]);
  });

  it('refuses a socket at another address than the configuration has', async () => {
    const dropIn = '/etc/systemd/system/roadstead.socket.d/test.conf';
    await machine.write(dropIn, '[Socket]\nListenStream=\nListenStream=0.0.0.0:5000\n');
    await machine.script('systemctl daemon-reload; systemctl start roadstead.socket');
    await machine.run('systemctl', ['start', UNIT], { allowFailure: true });
    await untilState(machine, UNIT, 'failed');
    expect((await propertiesOf(machine, UNIT, 'ExecMainStatus')).ExecMainStatus).to.equal('78');
    expect(await journalOf(machine, UNIT)).to.include(
      "the service manager's socket for it listens on 0.0.0.0:5000",
    );
    await machine.script(
      `systemctl stop roadstead.socket; rm ${dropIn}; systemctl daemon-reload; systemctl reset-failed roadstead`,
    );
  });
});

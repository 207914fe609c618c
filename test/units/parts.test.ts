/** Promise: api, token, release and sync run as instances of one unit, over one directory, and start and stop together. */
import { hash } from 'bcrypt';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { artifacts } from '../support/artifacts.ts';
import type { Machine } from '../support/machines/machine.ts';
import { MACHINES_TIMEOUT_MS, openPark, requiresMachines } from '../support/machines/park.ts';
import { bringImage, installPackage, propertiesOf, SLOW_MS, untilState } from './installed.ts';

const PARTS = ['api', 'token', 'release', 'sync'];
const UNITS = PARTS.map((part) => `roadstead@${part}.service`);
const REALM = 'http://127.0.0.1:5003/auth/token';
/** As infra/cluster.yml, over a directory of this machine. */
const CONFIG = stringify({
  version: 0.1,
  storage: { filesystem: { rootdirectory: '/var/lib/roadstead/registry' } },
  http: {
    addr: '127.0.0.1:5000',
    draintimeout: '10s',
    debug: {
      addr: '127.0.0.1:5001',
      addrs: { token: '127.0.0.1:5011', release: '127.0.0.1:5012', sync: '127.0.0.1:5013' },
    },
  },
  auth: { token: { realm: REALM, service: 'registry', issuer: 'registry' } },
  token: { http: { addr: '127.0.0.1:5003' } },
  accounts: [{ htpasswd: { path: '/etc/roadstead/htpasswd' } }],
  access: { groups: { builders: ['user:alice'], releasers: ['user:alice'], operators: ['user:alice'] } },
  promotion: { candidates: ['candidate/**'], stable: ['stable/**'], http: { addr: '127.0.0.1:5002' } },
  mirrors: [
    {
      ...{ name: 'local', url: 'http://127.0.0.1:5081', sameoperator: true, serve: '127.0.0.1:5081' },
      write: { directory: '/var/lib/roadstead/mirror' },
    },
  ],
});
requiresMachines(['dpkg-deb', 'dpkg-shlibdeps'])('the parts in systemd', function () {
  this.timeout(MACHINES_TIMEOUT_MS);
  const held = new AsyncDisposableStack();
  let machine: Machine;

  before(async () => {
    const { deb } = await artifacts(['deb']);
    const park = held.use(await openPark(['node'], { packages: ['skopeo'] }));
    machine = park.machines.node;
    await installPackage(machine, deb);
    await machine.write('/etc/roadstead/config.yml', CONFIG);
    await machine.write('/etc/roadstead/htpasswd', `alice:${await hash('secret', 5)}\n`);
    await machine.script(`
      systemctl disable --now -q roadstead; rm -rf /var/lib/roadstead/registry
      (umask 027; echo "REGISTRY_HTTP_SECRET=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n')" > /etc/roadstead/secrets.env)
      chgrp roadstead /etc/roadstead/secrets.env
      systemctl enable -q ${UNITS.join(' ')}; systemctl restart roadstead.target`);
  });
  after(() => held.disposeAsync());

  it('start together with their target, each with a line of its own', async () => {
    for (const unit of UNITS) await untilState(machine, unit, 'active');
    const lines = [];
    for (const unit of UNITS) lines.push((await propertiesOf(machine, unit, 'StatusText')).StatusText);
    expect(lines).to.deep.equal([
      'ready: api at http://127.0.0.1:5000',
      'ready: token at http://127.0.0.1:5003',
      'ready: release at http://127.0.0.1:5002',
      'ready: sync',
    ]);
  });

  it('serve a push, a promotion and a pull together', async () => {
    const image = await bringImage(machine);
    const { stdout } = await machine.script(
      `skopeo login -u alice -p secret --tls-verify=false 127.0.0.1:5000
      skopeo --insecure-policy copy -q --all --dest-tls-verify=false oci:/root/image:multi docker://127.0.0.1:5000/candidate/hello:1
      ROADSTEAD_SERVER=http://127.0.0.1:5002 ROADSTEAD_PASSWORD=secret roadstead promote --username alice candidate/hello:1 stable/hello:1 --wait-mirrors 1
      skopeo --insecure-policy inspect --tls-verify=false --raw docker://127.0.0.1:5000/stable/hello:1 | sha256sum`,
      { timeoutMs: 2 * SLOW_MS },
    );
    expect(stdout).to.include(image.digests.multi.slice('sha256:'.length));
  });

  it('keep the variables of systemd from their own children', async () => {
    const pid = (await propertiesOf(machine, 'roadstead@sync.service', 'MainPID')).MainPID;
    const { stdout } = await machine.script(
      `for child in $(pgrep -P ${pid}); do tr '\\0' '\\n' < /proc/$child/environ; done`,
    );
    // The process that writes to the mirror's directory.
    expect(stdout).to.include('NODE_CHANNEL_FD=');
    expect(stdout).to.not.match(/NOTIFY_SOCKET|WATCHDOG_|LISTEN_/);
  });

  it('reload one by one, and stop with their target', async () => {
    for (const unit of UNITS) await machine.run('systemctl', ['reload', unit], { timeoutMs: SLOW_MS });
    await machine.run('systemctl', ['stop', 'roadstead.target'], { timeoutMs: SLOW_MS });
    for (const unit of UNITS) await untilState(machine, unit, 'inactive');
  });
});

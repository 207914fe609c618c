/** Promise: `roadstead reload` says what was taken over, what needs a restart, and why nothing was. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { edit } from './edit.ts';

describe('roadstead reload', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  before(async () => {
    registry = held.use(await startRegistry());
  });
  after(() => held.disposeAsync());

  const command = (...args: readonly string[]) =>
    registry.offline(['reload', ...args], { allowFailure: true });

  it('prints what it did, and exits with 0', async () => {
    expect(await command()).to.include({
      code: 0,
      stdout: 'no setting has changed; certificates, htpasswd files and keys are read again\n',
    });
    const restore = await edit(registry, (file) => {
      file.log = { level: 'warn', fields: { service: 'x' } };
    });
    const stdout = 'reloaded: log.level\nneeds a restart: log.fields\n';
    expect(await command()).to.include({ code: 0, stdout, stderr: '' });
    const { reloaded, restart } = JSON.parse((await command('--json')).stdout);
    expect([reloaded, restart]).to.deep.equal([[], ['log.fields']]);
    await restore();
    expect((await command()).stdout).to.equal('reloaded: log.level\n');
  });

  it('prints the problems of a file that cannot be used, and exits with 1', async () => {
    const restore = await edit(registry, (file) => {
      file.limits = { connections: 'many' };
    });
    const { code, stderr } = await command();
    expect(code).to.equal(1);
    expect(stderr).to.include('limits.connections = "many"');
    await restore();
  });

  it('prints the problems that only the process meets', async () => {
    // The process was started without this variable.
    const env = { REGISTRY_LIMITS_CONNECTIONS: '10' };
    const restore = await edit(registry, (file) => {
      file.limits = { connections: 'many' };
    });
    const { code, stderr } = await registry.offline(['reload'], { allowFailure: true, env });
    expect(code).to.equal(1);
    expect(stderr).to.match(/^nothing was reloaded:\n {2}limits\.connections = "many"/);
    await restore();
  });

  it('says in one sentence that nothing listens, or that there is no debug port', async () => {
    const port = await freePort();
    const restore = await edit(registry, (file) => {
      file.http.debug.addr = `127.0.0.1:${port}`;
    });
    const away = await command();
    expect(away.code).to.equal(1);
    expect(away.stderr).to.match(
      new RegExp(
        `^no api process answers at http://127.0.0.1:${port}/debug/reload \\(ECONNREFUSED\\): [^\\n]+SIGHUP[^\\n]+\\n$`,
      ),
    );
    await edit(registry, (file) => {
      delete file.http.debug;
    });
    const without = await command();
    expect(without.code).to.equal(1);
    expect(without.stderr).to.match(/^http\.debug\.addr is missing[^\n]+SIGHUP[^\n]+\n$/);
    await restore();
  });

  it('reaches each process at its own address', async () => {
    const port = await freePort();
    const sync = held.use(
      await startRegistry({
        command: 'sync',
        rootDirectory: registry.rootDirectory,
        config: (config) => ({
          ...config,
          http: {
            ...(config['http'] as object),
            debug: { addr: '127.0.0.1:1', addrs: { sync: `127.0.0.1:${port}` } },
          },
        }),
      }),
    );
    for (const path of ['livez', 'readyz'])
      expect((await fetch(`http://127.0.0.1:${port}/${path}`)).status, path).to.equal(200);
    await edit(sync, (file) => {
      file.garbagecollection = { enabled: true };
    });
    const { stdout } = await sync.offline(['reload', '--part', 'sync']);
    expect(stdout).to.equal('reloaded: garbagecollection\n');
    await eventually('its log has it', () =>
      sync.log().some(({ reloaded }) => String(reloaded) === 'garbagecollection'),
    );
  });
});

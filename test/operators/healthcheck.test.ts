/** Promise: `roadstead healthcheck` exits with 0 if, and only if, the process that a configuration describes is ready. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import { makePair, type Pair } from '../http/certificates.ts';
import { edit } from '../reload/edit.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { type RegistryOptions, startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

type Edits = Parameters<typeof edit>[1];

requires(['openssl'])('roadstead healthcheck', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let tls: Pair;
  let registry: TestRegistry;
  before(async () => {
    // Not this machine's name, and of an authority that nobody knows.
    tls = await makePair(held.use(await tempDir('healthcheck')).path, { name: 'registry.example.org' });
    registry = held.use(await startRegistry(withDebug({ tls })));
  });
  after(() => held.disposeAsync());

  /** Options of a registry whose section `http.debug` has more in it. */
  const withDebug = (more: object): RegistryOptions => ({
    config: (config) => {
      const http = config['http'] as { readonly debug: object };
      return { ...config, http: { ...http, debug: { ...http.debug, ...more } } };
    },
  });
  const check = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await registry.offline(['healthcheck', ...args], { allowFailure: true });
    return { code, stdout, stderr };
  };
  /** What it says if the file differs from what the process was started with. */
  const checkWith = async (change: Edits, ...args: readonly string[]) => {
    const restore = await edit(registry, change);
    const result = await check(...args);
    await restore();
    return result;
  };
  const OK = { code: 0, stdout: 'ok\n', stderr: '' };

  it('asks a debug port that speaks TLS', async () => {
    expect(await check()).to.deep.equal(OK);
    const plain = await checkWith(({ http }) => {
      delete http.debug.tls;
    });
    expect(plain.code).to.equal(1);
  });

  it('asks http.addr if there is no debug port that it may ask', async () => {
    const asked = await checkWith(({ http }) => {
      http.debug = { addr: '127.0.0.1:1', tls: { ...tls, clientcas: [tls.certificate] } };
    });
    expect(asked).to.deep.equal(OK);
    const without = await checkWith(({ http }) => {
      delete http.debug;
    });
    expect(without).to.deep.equal(OK);
  });

  it('asks http.addr by TLS', async () => {
    const port = await freePort();
    await using other = await startRegistry({
      ...{ command: 'sync', rootDirectory: registry.rootDirectory },
      config: (config) => ({
        ...config,
        http: { ...(config['http'] as object), tls, debug: { addr: `127.0.0.1:${port}`, tls } },
      }),
    });
    // A sync worker has one port: what another process would have at http.addr.
    await edit(other, ({ http }) => {
      http.addr = `127.0.0.1:${port}`;
      delete http.debug;
    });
    const { code, stdout } = await other.offline(['healthcheck']);
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'ok\n' });
  });

  it('asks the process of --part at its own address', async () => {
    const port = await freePort();
    const addrs = { sync: `127.0.0.1:${port}` };
    const change: Edits = ({ http }) => {
      http.debug.addrs = addrs;
    };
    const away = await checkWith(change, '--part', 'sync');
    const url = `https://127.0.0.1:${port}/readyz`;
    expect(away).to.deep.equal({
      ...{ code: 1, stdout: '' },
      stderr: `${url} does not answer: ECONNREFUSED\n`,
    });
    await using _ = await startRegistry({
      ...{ command: 'sync', rootDirectory: registry.rootDirectory },
      ...withDebug({ tls, addrs }),
    });
    expect(await checkWith(change, '--part', 'sync')).to.deep.equal(OK);
    expect(await checkWith(change, '--part', 'api')).to.deep.equal(OK);
  });

  it('fails if something else answers', async () => {
    const server = createServer((_, response) => response.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { code, stderr } = await checkWith(({ http }) => {
      http.debug = { addr: `127.0.0.1:${(server.address() as AddressInfo).port}` };
    });
    server.close();
    expect(code).to.equal(1);
    expect(stderr).to.match(/^http:\S+ does not answer: this is not a registry\n$/);
  });

  it('fails after its time limit if the process hangs', async () => {
    registry.daemon.kill('SIGSTOP');
    const { code, stderr } = await check('--timeout', '500ms');
    registry.daemon.kill('SIGCONT');
    expect(code).to.equal(1);
    expect(stderr).to.match(/ does not answer: nothing within 500 ms\n$/);
    expect(await check()).to.deep.equal(OK);
  });

  it('fails, with the reason, while the process drains', async () => {
    // A request under way: its handler waits for the body.
    const socket = connect(Number(registry.host.split(':')[1]), '127.0.0.1').on('error', () => undefined);
    const head = ['POST /v2/candidate/app/blobs/uploads/ HTTP/1.1', 'Host: x', 'Content-Length: 10'];
    socket.write([...head, 'Expect: 100-continue', '', ''].join('\r\n'));
    const [first] = await once(socket, 'data');
    expect(String(first)).to.match(/^HTTP\/1\.1 100 /);
    registry.daemon.kill('SIGTERM');
    await eventually('it drains', () => registry.log().some(({ msg }) => msg === 'draining'));
    const { code, stdout } = await check();
    socket.destroy();
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: 'unavailable: shutting down\n' });
    await registry.daemon.exit;
  });
});

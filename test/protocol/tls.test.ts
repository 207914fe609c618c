import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { daysFromNow, makePair, type Pair, pem, replacePair } from '../http/certificates.ts';
import { shownBy } from '../http/tls-client.ts';
import { CLI } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { freePort, isListening } from '../support/ports.ts';
import { type Daemon, run, startDaemon } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';

/** The status that `GET /v2/` is answered with. */
function ask(port: number, options: object): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(`https://localhost:${port}/v2/`, { host: '127.0.0.1', agent: false, ...options }, (answer) =>
      resolve(answer.resume().statusCode),
    ).on('error', reject);
  });
}

const failure = (error: NodeJS.ErrnoException) => error.code;

/** Promise: with `http.tls` the registry speaks TLS as configured, and nothing else; test/http has the details. */
requires(['openssl'])('TLS of the registry', function () {
  this.timeout(20_000);
  let home: TempDir;
  let server: Pair;
  before(async () => {
    home = await tempDir('tls');
    server = await makePair(home.path, { name: 'server' });
  });
  after(() => home[Symbol.asyncDispose]());

  const serve = async (port: number, tls: object): Promise<Daemon> => {
    const path = join(home.path, `${port}.yml`);
    const config = {
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(home.path, 'store') } },
      http: { addr: `127.0.0.1:${port}`, tls },
    };
    await writeFile(path, stringify(config));
    return startDaemon(process.execPath, [...CLI, 'serve', path], { ready: () => isListening(port) });
  };

  it('has the configured certificate, and plain HTTP is not spoken', async () => {
    const port = await freePort();
    await using registry = await serve(port, server);
    const ca = await pem(server.certificate);
    expect(await ask(port, { ca })).to.equal(200);
    expect(await ask(port, {}).catch(failure)).to.equal('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await ask(port, { ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }).catch(failure)).to.be.a(
      'string',
    );
    const plain = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => 'refused');
    expect(plain).to.equal('refused');
    expect(registry.output(), 'two days are left').to.include('the TLS certificate ends soon');
  });

  it('has the version and the client authorities that are configured', async () => {
    const port = await freePort();
    const authority = await makePair(home.path, { name: 'authority' });
    const client = await makePair(home.path, { name: 'client', by: authority });
    const tls = { ...server, minimumtls: 'tls1.3', clientcas: [authority.certificate] };
    await using _ = await serve(port, tls);
    const ca = await pem(server.certificate);
    const own = { ca, cert: await pem(client.certificate), key: await pem(client.key) };
    expect(await ask(port, own)).to.equal(200);
    // The alert may be met by a write or by a read: the words are the same.
    const words = (error: Error) => error.message;
    expect(await ask(port, { ca }).catch(words)).to.match(/alert certificate required/);
    expect(await ask(port, { ...own, maxVersion: 'TLSv1.2' }).catch(words)).to.match(
      /alert protocol version/,
    );
  });

  it('takes up a certificate that is renewed while it runs', async () => {
    const port = await freePort();
    const inUse = { certificate: join(home.path, 'tls.crt'), key: join(home.path, 'tls.key') };
    await replacePair(inUse, server);
    await using registry = await serve(port, inUse);
    const url = `https://127.0.0.1:${port}`;
    expect(await shownBy(url)).to.equal('server');
    await replacePair(inUse, await makePair(home.path, { name: 'renewed', to: daysFromNow(90) }));
    await eventually('it is taken up', async () => (await shownBy(url)) === 'renewed', 8000, 50);
    await eventually('it is logged', () => registry.output().includes('new TLS files are in use'));
  });

  it('keeps the registry from starting, by name, when a file is not there', async () => {
    const path = join(home.path, 'missing.yml');
    const tls = { certificate: server.certificate, key: join(home.path, 'nowhere.key') };
    const storage = { filesystem: { rootdirectory: join(home.path, 'store') } };
    await writeFile(path, stringify({ version: 0.1, storage, http: { addr: '127.0.0.1:0', tls } }));
    const { code, stdout, stderr } = await run(process.execPath, [...CLI, 'serve', path], {
      allowFailure: true,
    });
    expect(code).to.be.above(0);
    expect(stdout + stderr).to.include(`http.tls.key = ${tls.key}: cannot be read (ENOENT)`);
  });
});

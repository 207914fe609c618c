import { readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { freePort, isListening } from '../support/ports.ts';
import { run, startDaemon } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const CLI = fileURLToPath(new URL('../../services/cli/main.ts', import.meta.url));

/** Promise: with `http.tls` the registry speaks TLS 1.2 and later, and nothing else. */
requires(['openssl'])('TLS', () => {
  it('is spoken with the configured certificate, and plain HTTP is not', async function () {
    this.timeout(20_000);
    await using home = await tempDir('tls');
    const file = (name: string) => join(home.path, name);
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', file('key.pem'), '-out', file('cert.pem'), '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ]);
    const port = await freePort();
    const tls = { certificate: file('cert.pem'), key: file('key.pem') };
    const config = {
      version: 0.1,
      storage: { filesystem: { rootdirectory: file('store') } },
      http: { addr: `127.0.0.1:${port}`, tls },
    };
    await writeFile(file('config.yml'), stringify(config));
    await using _ = await startDaemon(process.execPath, [CLI, 'serve', file('config.yml')], {
      ready: () => isListening(port),
    });
    const ca = await readFile(tls.certificate);
    const ask = (options: object) =>
      new Promise<number | undefined>((resolve, reject) => {
        get(`https://localhost:${port}/v2/`, { host: '127.0.0.1', ca, agent: false, ...options }, (answer) =>
          resolve(answer.resume().statusCode),
        ).on('error', reject);
      });
    expect(await ask({})).to.equal(200);
    const failure = (error: NodeJS.ErrnoException) => error.code;
    expect(await ask({ ca: undefined }).catch(failure)).to.equal('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await ask({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }).catch(failure)).to.be.a('string');
    const plain = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => 'refused');
    expect(plain).to.equal('refused');
  });
});

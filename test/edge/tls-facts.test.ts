/**
 * Promise: whoever connects, by whatever it offers, is answered by TLS 1.2 or 1.3 with forward secrecy and authenticated
 * encryption, or by nobody. As openssl sees it, not as our own options have it.
 */
import { expect } from 'chai';
import { makePair, type Pair, replacePair } from '../http/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { handshake, startTlsNode, type TlsNode } from './tls-node.ts';

/** What openssl's own defaults would not even offer. */
const ANYTHING = '@SECLEVEL=0';

requires(['openssl'])('TLS as openssl finds it', function () {
  this.timeout(120_000);
  let home: TempDir;
  let node: TlsNode;
  let [first, second, inUse]: Pair[] = [];
  before(async () => {
    home = await tempDir('tls-facts');
    first = await makePair(home.path, { name: 'first' });
    second = await makePair(home.path, { name: 'second' });
    inUse = { certificate: `${home.path}/tls.crt`, key: `${home.path}/tls.key` };
    await replacePair(inUse, first);
    node = await startTlsNode({
      directory: home.path,
      http: { tls: { certificate: inUse.certificate, key: inUse.key } },
    });
  });
  after(async () => {
    await node[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  for (const version of ['-tls1', '-tls1_1'])
    it(`refuses ${version}`, async () => {
      const { kind, output } = await handshake(node.port, version, '-cipher', `ALL:${ANYTHING}`);
      expect(kind, output).to.equal(undefined);
      // It was the server that refused, not the client that could not offer it.
      expect(output).to.match(/alert protocol version|tlsv1 alert/i);
    });

  for (const version of ['-tls1_2', '-tls1_3'])
    it(`speaks ${version}`, async () => {
      const { kind, cipher, output } = await handshake(node.port, version);
      expect(kind, output).to.equal('New');
      expect(cipher).to.match(/GCM|CHACHA20/);
    });

  it('takes of TLS 1.2 only suites with forward secrecy and authenticated encryption', async () => {
    const { stdout } = await run('openssl', ['ciphers', '-tls1_2', '-s', `ALL:eNULL:${ANYTHING}`]);
    const offered = stdout
      .trim()
      .split(':')
      .filter((name) => !name.startsWith('TLS_'));
    expect(offered).to.have.length.above(30);
    const taken: string[] = [];
    for (const cipher of offered) {
      const { kind } = await handshake(node.port, '-tls1_2', '-cipher', `${cipher}:${ANYTHING}`);
      if (kind !== undefined) taken.push(cipher);
    }
    expect(taken).to.have.members([
      ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
      'ECDHE-ECDSA-CHACHA20-POLY1305',
    ]);
  });

  it('has no compression, and renegotiates with nobody', async () => {
    const { output } = await handshake(node.port, '-tls1_2');
    expect(output).to.include('Compression: NONE');
    const asked = await run(
      'sh',
      [
        '-c',
        `(sleep 1; echo R; sleep 2; printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n'; sleep 1) | ` +
          `timeout 20 openssl s_client -connect 127.0.0.1:${node.port} -tls1_2`,
      ],
      { allowFailure: true },
    );
    expect(asked.stdout + asked.stderr).to.match(/no renegotiation|:error:/i);
    expect(asked.stdout).not.to.include('HTTP/1.1 200');
  });

  it('shows a certificate that was replaced within seconds, without a restart', async () => {
    const shown = async () => /subject=CN ?= ?(\S+)/.exec((await handshake(node.port)).output)?.[1];
    expect(await shown()).to.equal('first');
    await replacePair(inUse as Pair, second as Pair);
    await eventually('the new certificate is shown', async () => (await shown()) === 'second');
  });
});

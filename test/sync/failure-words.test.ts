/** Promise: why a mirror cannot be reached is said in words, never by a code. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { Agent } from 'undici';
import { failureWords } from '../../services/mirrors/failure-words.ts';
import { readPublicly } from '../../services/mirrors/public-read.ts';
import { run } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { makeBlob } from './made-blobs.ts';
import { serve } from './switchable-server.ts';

const blob = makeBlob(1000);
const { signal } = new AbortController();

/** A certificate that signs itself, for one host name, and its key. */
async function makeCertificate(directory: string, host: string) {
  const [cert, key] = [join(directory, `${host}.pem`), join(directory, `${host}.key`)];
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const options = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const dates = ['-days', '30'];
  await run('openssl', ['req', ...options, ...subject, ...dates, '-keyout', key, '-out', cert]);
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

requires(['openssl'])('the words for a failure', function () {
  this.timeout(20_000);
  const held = new AsyncDisposableStack();
  let home: string;
  before(async () => {
    home = held.use(await tempDir('words')).path;
  });
  after(() => held.disposeAsync());

  async function portOf(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    held.defer(() => void server.close());
    return (server.address() as AddressInfo).port;
  }
  const reasonOf = async (url: string, ca?: Buffer) => {
    const dispatcher = new Agent(ca ? { connect: { ca } } : {});
    held.defer(() => dispatcher.destroy());
    const found = await readPublicly(url, blob, { signal, dispatcher });
    return found.kind === 'good' ? 'good' : found.reason;
  };

  it('are about the certificate, if that is the reason', async () => {
    const own = await makeCertificate(home, 'localhost');
    const port = await portOf(
      createServer(own, (request, response) => void serve(blob.bytes)(request, response)),
    );
    const untrusted = 'its certificate comes from an authority that is not trusted here';
    expect(await reasonOf(`https://localhost:${port}`)).to.equal(untrusted);
    expect(await reasonOf(`https://localhost:${port}`, own.cert)).to.equal('good');
    expect(await reasonOf(`https://127.0.0.1:${port}`, own.cert)).to.equal(
      'its certificate is for another host name',
    );
  });

  it('are about what answers, if that speaks no TLS or no HTTP', async () => {
    const port = await portOf(createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    expect(await reasonOf(`https://127.0.0.1:${port}`)).to.equal('the TLS handshake failed');
    expect(await reasonOf(`http://127.0.0.1:${port}`)).to.equal('its answer is not HTTP');
  });

  it('are about the DNS, if the host name is unknown', async () => {
    expect(await reasonOf('http://mirror.invalid')).to.match(/the DNS/);
  });

  it('have no code that nobody has words for, and nothing of a message', () => {
    const error = Object.assign(new Error('sent secret'), { code: 'ENOBODY_KNOWS' });
    expect(failureWords(new Error('outer', { cause: error }))).to.equal('the connection failed');
    expect(failureWords('text')).to.equal('the connection failed');
  });

  it('are those of the socket, inside of what it made fail', () => {
    const refused = Object.assign(new Error(), { code: 'ECONNREFUSED' });
    const all = Object.assign(new AggregateError([refused, refused]), { code: 'UND_ERR_SOCKET' });
    expect(failureWords(new TypeError('fetch failed', { cause: all }))).to.equal('connection refused');
  });
});

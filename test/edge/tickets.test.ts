/**
 * Promise: a TLS session that began at one node is resumed at any other, and no handshake fails as the keys of tickets
 * change; a session is good only for the listener that it began at, and for those that ask the same of clients.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { listen } from '../../services/http/listen.ts';
import { makePair, type Pair } from '../http/certificates.ts';
import { keepingLogger } from '../http/log-sink.ts';
import { connectTo } from '../http/tls-client.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { handshake, startTlsNode } from './tls-node.ts';

const SECRET = 'a secret that nobody guesses, of many characters';

requires(['openssl'])('TLS session tickets', function () {
  this.timeout(90_000);
  let home: TempDir;
  let [pair, client, otherClient]: Pair[] = [];
  before(async () => {
    home = await tempDir('tickets');
    pair = await makePair(home.path, { name: 'registry' });
    client = await makePair(home.path, { name: 'client' });
    otherClient = await makePair(home.path, { name: 'other-client' });
  });
  after(() => home[Symbol.asyncDispose]());
  const node = (secret: string | undefined, tls: object = {}) =>
    startTlsNode({
      directory: home.path,
      http: { tls: { certificate: pair?.certificate, key: pair?.key, ...tls }, ...(secret && { secret }) },
    });

  for (const version of ['-tls1_2', '-tls1_3']) {
    it(`of one process are taken by another one with the same secret: ${version}`, async () => {
      await using first = await node(SECRET);
      await using second = await node(SECRET);
      const session = join(home.path, `session${version}`);
      const fresh = await handshake(first.port, version, '-sess_out', session);
      expect(fresh.kind, fresh.output).to.equal('New');
      const resumed = await handshake(second.port, version, '-sess_in', session);
      expect(resumed.kind, resumed.output).to.equal('Reused');
      expect(resumed.output).to.include('HTTP/1.1 200 OK');
    });

    it(`are accepted by no node with another secret, or without one; the client shakes hands in full: ${version}`, async () => {
      await using first = await node(SECRET);
      await using other = await node(`${SECRET}!`);
      await using none = await node(undefined);
      const session = join(home.path, `other${version}`);
      await handshake(first.port, version, '-sess_out', session);
      for (const { port } of [other, none]) {
        const { kind, output } = await handshake(port, version, '-sess_in', session);
        expect(kind, output).to.equal('New');
        expect(output).to.include('HTTP/1.1 200 OK');
      }
    });
  }

  it('show nobody a client certificate that was shown to another authority’s listener', async () => {
    const asked = (by: Pair | undefined) => node(SECRET, { clientcas: [by?.certificate] });
    await using strict = await asked(client);
    await using alike = await asked(client);
    await using other = await asked(otherClient);
    await using open = await node(SECRET);
    const session = join(home.path, 'mutual');
    const shown = ['-cert', client?.certificate ?? '', '-key', client?.key ?? ''];
    const fresh = await handshake(strict.port, '-tls1_3', '-sess_out', session, ...shown);
    expect(fresh.output).to.include('HTTP/1.1 200 OK');
    // Without the certificate at hand: the session vouches for it, at a listener that asks for the same.
    const resumed = await handshake(alike.port, '-tls1_3', '-sess_in', session);
    expect(resumed.kind).to.equal('Reused');
    expect(resumed.output).to.include('HTTP/1.1 200 OK');
    const elsewhere = await handshake(other.port, '-tls1_3', '-sess_in', session);
    expect(elsewhere.output).not.to.include('HTTP/1.1');
    const openSession = join(home.path, 'open');
    await handshake(open.port, '-tls1_3', '-sess_out', openSession);
    const inwards = await handshake(strict.port, '-tls1_3', '-sess_in', openSession);
    expect(inwards.output).not.to.include('HTTP/1.1');
  });

  it('change their keys without a handshake that fails, and are taken within a period', async () => {
    const { logger } = keepingLogger();
    const tickets = { secret: SECRET, periodMs: 1000 };
    const open = () =>
      listen((_, response) => void response.end('hello'), {
        ...{ host: '127.0.0.1', port: 0 },
        tls: { certificate: pair?.certificate ?? '', key: pair?.key ?? '', logger, tickets },
      });
    await using first = await open();
    await using second = await open();
    const told = { New: 0, Reused: 0, failed: 0 };
    const keys = new Set<string>();
    let session: Buffer | undefined;
    const startedAt = performance.now();
    for (let i = 0; keys.size < 5 && performance.now() < startedAt + 60_000; i++) {
      try {
        using connection = await connectTo((i % 2 === 0 ? first : second).url, session && { session });
        connection.socket.on('session', (ticket: Buffer) => {
          session = ticket;
        });
        told[connection.socket.isSessionReused() ? 'Reused' : 'New']++;
        expect(await connection.ask()).to.equal('hello');
        const name = session ? keyNameIn(session) : '';
        if (name !== '') keys.add(name);
      } catch (error) {
        if (error instanceof Error && error.name === 'AssertionError') throw error;
        told.failed++;
      }
    }
    expect(told.failed).to.equal(0);
    expect(keys.size).to.be.within(5, (performance.now() - startedAt) / tickets.periodMs + 2);
    expect(told.New).to.be.within(keys.size - 1, keys.size + 3);
    expect(told.Reused).to.be.above(told.New * 3);
  });
});

/** The name of the key that a session's ticket is sealed with: it begins with that. Empty where there is no ticket. */
function keyNameIn(session: Buffer): string {
  // The ticket is the [10] EXPLICIT OCTET STRING of the session's ASN.1, of more than 127 bytes.
  const at = session.indexOf(Buffer.from([0xaa, 0x81]));
  return at < 0 ? '' : session.subarray(at + 6, at + 22).toString('hex');
}

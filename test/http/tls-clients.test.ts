/**
 * Promise: nothing older than TLS 1.2 is spoken, and no cipher without forward secrecy; and clients show the
 * certificate that the configuration asks for, or no request of theirs is read.
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type Listener, type ListenTls, listen } from '../../services/http/listen.ts';
import type { ClientAuth } from '../../services/http/tls-clients.ts';
import { eventually } from '../support/eventually.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { daysFromNow, makePair, type Pair, pem, replacePair } from './certificates.ts';
import { keepingLogger } from './log-sink.ts';
import { connectTo, outcome } from './tls-client.ts';

let home: TempDir;
let server: Pair;
let authority: Pair;
/** What a client may show: a certificate of the authority's, one of its own, or none. */
const shown: Record<'theirs' | 'foreign' | 'none', { cert?: Buffer; key?: Buffer }> = {
  ...{ theirs: {}, foreign: {}, none: {} },
};
let requests = 0;

const open = (tls: Partial<ListenTls>): Promise<Listener> =>
  listen(
    (_, response) => {
      requests++;
      response.end('hello');
    },
    { host: '127.0.0.1', port: 0, tls: { ...server, logger: keepingLogger().logger, ...tls } },
  );

/** What the client of TLS 1.1 is capable of: this library hides it unless asked. */
const TLS_1_1 = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

requires(['openssl'])('TLS', function () {
  this.timeout(20_000);
  before(async () => {
    home = await tempDir('tls');
    server = await makePair(home.path, { name: 'server', to: daysFromNow(90) });
    authority = await makePair(home.path, { name: 'authority' });
    const theirs = await makePair(home.path, { name: 'client', by: authority });
    const foreign = await makePair(home.path, { name: 'stranger' });
    shown.theirs = { cert: await pem(theirs.certificate), key: await pem(theirs.key) };
    shown.foreign = { cert: await pem(foreign.certificate), key: await pem(foreign.key) };
  });
  after(() => home[Symbol.asyncDispose]());

  it('is not spoken in version 1.1, by a client that others answer', async () => {
    const lax = createServer(
      { ...TLS_1_1, cert: await pem(server.certificate), key: await pem(server.key) },
      (_, response) => response.end('hello'),
    ).listen(0, '127.0.0.1');
    await once(lax, 'listening');
    const laxUrl = `https://127.0.0.1:${(lax.address() as AddressInfo).port}`;
    expect(await outcome(laxUrl, TLS_1_1), 'the client can do it').to.equal('hello');
    lax.close();
    await using listener = await open({});
    expect(await outcome(listener.url, TLS_1_1)).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
      expect(await outcome(listener.url, { minVersion: version, maxVersion: version }), version).to.equal(
        'hello',
      );
  });

  it('is not spoken in version 1.2 either where 1.3 is the least', async () => {
    await using listener = await open({ minimumVersion: 'TLSv1.3' });
    expect(await outcome(listener.url, { maxVersion: 'TLSv1.2' })).to.equal(
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
    expect(await outcome(listener.url)).to.equal('hello');
  });

  it('1.2 has forward secrecy and authenticated encryption, or those suites that the configuration names', async () => {
    const ofClient = (ciphers: string) => ({ maxVersion: 'TLSv1.2', ciphers }) as const;
    const [cbc, gcm, chacha] = [
      ofClient('ECDHE-ECDSA-AES128-SHA256'),
      ofClient('ECDHE-ECDSA-AES256-GCM-SHA384'),
      ofClient('ECDHE-ECDSA-CHACHA20-POLY1305'),
    ];
    const refused = 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE';
    await using sound = await open({});
    expect(await outcome(sound.url, cbc)).to.equal(refused);
    expect(await outcome(sound.url, gcm)).to.equal('hello');
    expect(await outcome(sound.url, chacha)).to.equal('hello');
    await using chosen = await open({ ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' });
    expect(await outcome(chosen.url, gcm)).to.equal(refused);
    expect(await outcome(chosen.url, chacha)).to.equal('hello');
    expect(await outcome(chosen.url, { minVersion: 'TLSv1.3' })).to.equal('hello');
  });

  /** For each mode, who is answered. */
  const answered: readonly (readonly [ClientAuth | undefined, Record<keyof typeof shown, boolean>])[] = [
    [undefined, { theirs: true, foreign: false, none: false }],
    ['require-and-verify', { theirs: true, foreign: false, none: false }],
    ['verify-if-given', { theirs: true, foreign: false, none: true }],
    ['require-any', { theirs: true, foreign: true, none: false }],
    ['request', { theirs: true, foreign: true, none: true }],
    ['none', { theirs: true, foreign: true, none: true }],
  ];
  for (const [clientAuth, whom] of answered)
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
      it(`${maxVersion.slice(4)}, with clientauth ${clientAuth ?? '(not said)'}, answers whom it should`, async () => {
        await using listener = await open({ clientAuth, clientCas: [authority.certificate] });
        for (const kind of ['theirs', 'foreign', 'none'] as const) {
          requests = 0;
          const got = await outcome(listener.url, { ...shown[kind], maxVersion });
          if (whom[kind]) expect(got, kind).to.equal('hello');
          else expect(got, kind).not.to.equal('hello');
          expect(requests, `requests of ${kind}`).to.equal(whom[kind] ? 1 : 0);
        }
      });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`${maxVersion.slice(4)} is resumed by nobody who was refused`, async () => {
      for (const clientAuth of ['require-and-verify', 'verify-if-given', 'require-any'] as const) {
        await using listener = await open({ clientAuth, clientCas: [authority.certificate] });
        for (const kind of clientAuth === 'require-any' ? (['none'] as const) : (['foreign'] as const)) {
          let session: Buffer | undefined;
          requests = 0;
          for (let i = 0; i < 3; i++) {
            const got = await resuming(listener.url, { ...shown[kind], maxVersion, session }, (ticket) => {
              session = ticket;
            });
            expect(got, `${clientAuth} ${kind}`).not.to.equal('hello');
          }
          expect(requests).to.equal(0);
        }
      }
    });

  it('takes up new client authorities, and no session begun under the old ones', async () => {
    const directory = await tempDir('cas');
    await using _ = directory;
    const cas = { certificate: `${directory.path}/ca.pem`, key: `${directory.path}/ca.key` };
    await replacePair(cas, authority);
    await using listener = await open({ clientCas: [cas.certificate] });
    let session: Buffer | undefined;
    const options = { ...shown.theirs, maxVersion: 'TLSv1.2' } as const;
    using first = await connectTo(listener.url, options);
    first.socket.on('session', (ticket: Buffer) => {
      session = ticket;
    });
    expect(await first.ask()).to.equal('hello');
    session ??= first.socket.getSession();
    using resumed = await connectTo(listener.url, { ...options, ...(session && { session }) });
    expect([resumed.server, await resumed.ask()]).to.deep.equal(['(resumed)', 'hello']);
    await replacePair(cas, server);
    const isRefused = async () => (await outcome(listener.url, options)) !== 'hello';
    await eventually('it is refused', isRefused, 8000, 50);
    expect(await outcome(listener.url, { ...options, session })).not.to.equal('hello');
  });
});

async function resuming(
  url: string,
  options: Parameters<typeof connectTo>[1] & { session?: Buffer | undefined },
  keep: (session: Buffer) => void,
): Promise<string> {
  const { session, ...rest } = options;
  try {
    using connection = await connectTo(url, { ...rest, ...(session && { session }) });
    connection.socket.on('session', keep);
    const ticket = connection.socket.getSession();
    if (ticket) keep(ticket);
    return await connection.ask();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

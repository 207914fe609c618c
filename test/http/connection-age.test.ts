import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Dispatcher, request } from 'undici';
import { type ClientTlsOptions, clientTls } from '../../services/http/client-tls.ts';
import { requires } from '../support/requirements.ts';
import { type TempDir, tempDir } from '../support/temp.ts';
import { makePair, type Pair } from './certificates.ts';

const MAX_AGE_MS = 200;

const filesOf = async ({ certificate, key }: Pair) => ({
  cert: await readFile(certificate),
  key: await readFile(key),
});

requires(['openssl'])('A server whose certificate goes bad while a connection stays open', () => {
  let home: TempDir;
  let trusted: Pair;
  let unknown: Pair;

  before(async () => {
    home = await tempDir('connection-age');
    trusted = await makePair(home.path, { name: 'trusted' });
    unknown = await makePair(home.path, { name: 'unknown' });
  });
  after(() => home?.[Symbol.asyncDispose]());

  /** What happens to a request before the change, and to one that comes when the connection is older than that. */
  async function play(options: Pick<ClientTlsOptions, 'connectionMaxAgeMs'>): Promise<string[]> {
    await using held = new AsyncDisposableStack();
    const server = held.adopt(
      createServer(await filesOf(trusted), (_, answer) => answer.end()),
      close,
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const rootCas = [trusted.certificate];
    const dispatcher = held.adopt(await clientTls({ ...options, rootCas, nameOf: (file) => file }), (each) =>
      each.destroy(),
    );
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const before = await ask(url, dispatcher);
    server.setSecureContext(await filesOf(unknown));
    await sleep(MAX_AGE_MS + 50);
    return [before, await ask(url, dispatcher)];
  }

  it('is refused once the connection has reached its age', async () => {
    expect(await play({ connectionMaxAgeMs: MAX_AGE_MS })).to.deep.equal([
      '200',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ]);
  });

  it('goes unnoticed without an age', async () => {
    expect(await play({})).to.deep.equal(['200', '200']);
  });
});

async function ask(url: string, dispatcher: Dispatcher): Promise<string> {
  try {
    const { statusCode, body } = await request(url, { dispatcher });
    await body.dump();
    return String(statusCode);
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

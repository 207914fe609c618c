/** Promise: the doctor's example is a blob that the mirror should hold, and one that says most. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { findExample } from '../../services/mirrors/doctor/example.ts';
import { makePair, pem } from '../http/certificates.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const MIRROR = new URL('https://mirror.example.org');
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const entry = (seq: number, ...sizes: readonly [string, number][]) => ({
  seq,
  collections: { default: sizes.map(([digit, sizeBytes]) => ({ digest: digest(digit), sizeBytes })) },
});

requires(['openssl'])('the example', () => {
  const held = new AsyncDisposableStack();
  let rootCas: Buffer[];
  let registry: URL;
  let answers: Readonly<Record<string, unknown>> = {};
  before(async () => {
    const home = held.use(await tempDir('example')).path;
    const { certificate, key } = await makePair(home, { name: 'registry' });
    rootCas = [await pem(certificate)];
    const server = createServer({ cert: rootCas[0], key: await pem(key) }, (request, response) => {
      const answer = answers[new URL(request.url ?? '', 'https://x').pathname];
      response.writeHead(answer === undefined ? 401 : 200).end(JSON.stringify(answer));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    held.defer(() => {
      server.close();
      server.closeAllConnections();
    });
    registry = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
  after(() => held.disposeAsync());

  function serve(
    watermark: number,
    publications: readonly object[],
    url = 'https://mirror.example.org',
  ): void {
    answers = {
      '/api/v1/publications': { publications },
      '/api/v1/mirrors': { mirrors: [{ url, watermark }] },
    };
  }
  const find = () => findExample({ registry, mirror: MIRROR, rootCas });

  it('is one that the mirror holds, rather than a newer one', async () => {
    serve(1, [entry(2, ['2', 100_000]), entry(1, ['1', 50])]);
    expect(await find()).to.deep.equal({ digest: digest('1'), sizeBytes: 50, isHeld: true });
  });

  it('is one that clients are redirected for, and that is read within seconds', async () => {
    serve(1, [entry(1, ['1', 50], ['2', 100_000], ['3', 10_000_000_000])]);
    expect(await find()).to.include({ digest: digest('2') });
  });

  it('is not expected of a mirror that the registry does not know', async () => {
    serve(1, [entry(1, ['1', 100_000])], 'https://other.example.org');
    expect(await find()).to.include({ digest: digest('1'), isHeld: false });
  });

  it('does not exist if nothing is published', async () => {
    serve(0, []);
    expect(await find()).to.equal(undefined);
  });

  it('cannot be found at a registry that asks for a login, or at another server', async () => {
    answers = {};
    const failure = () =>
      find().then(
        () => expect.fail('it was found'),
        ({ message }: Error) => message,
      );
    expect(await failure()).to.match(/publications is answered with 401: .*--blob and --size/);
    answers = { '/api/v1/publications': { hello: 'world' } };
    expect(await failure()).to.match(/publications cannot be understood: .*--blob and --size/);
  });

  it('is asked for only where the certificate is trusted', async () => {
    const untrusted = findExample({ registry, mirror: MIRROR, rootCas: [] });
    const message = await untrusted.then(
      () => 'found',
      (error: Error) => error.message,
    );
    expect(message).to.match(/DEPTH_ZERO_SELF_SIGNED_CERT/);
  });
});

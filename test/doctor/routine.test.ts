/** Promise: what will hurt later is told of a mirror in use: its certificate's end, its names, its clock. */

import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { expect } from 'chai';
import { examineRoutinely } from '../../services/mirrors/doctor/routine.ts';
import { daysFromNow, makePair, pem } from '../http/certificates.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

async function listening(held: AsyncDisposableStack, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  held.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A name server that knows one address, of this machine for the socket and of the world for whoever looks. */
const always =
  (...addresses: { address: string; family: number }[]): LookupFunction =>
  (_, options, callback) =>
    (options as { all?: boolean }).all
      ? callback(null, addresses)
      : callback(null, addresses[0]?.address ?? '', addresses[0]?.family);

requires(['openssl'])('a routine look at a mirror in use', function () {
  this.timeout(30_000);
  const held = new AsyncDisposableStack();
  after(() => held.disposeAsync());

  it('finds nothing in one that is well', async () => {
    const port = await listening(
      held,
      createServer((_, response) => response.writeHead(404).end()),
    );
    expect(await examineRoutinely({ url: new URL(`http://127.0.0.1:${port}`) })).to.deep.equal([]);
  });

  it('does not repeat that it is down', async () => {
    expect(await examineRoutinely({ url: new URL('http://127.0.0.1:1') })).to.deep.equal([]);
  });

  it('finds a clock that is wrong', async () => {
    const port = await listening(
      held,
      createServer((_, response) =>
        response.writeHead(404, { date: new Date(Date.now() - 600_000).toUTCString() }).end(),
      ),
    );
    const [finding, ...others] = await examineRoutinely({ url: new URL(`http://127.0.0.1:${port}`) });
    expect(others).to.deep.equal([]);
    expect(finding).to.include({ check: 'clock', verdict: 'warning' });
    expect(finding?.text).to.match(/is (599|600|601) s off/);
  });

  it('finds a public name that leads to a private address', async () => {
    const lookup = always({ address: '10.1.2.3', family: 4 });
    const findings = await examineRoutinely({ url: new URL('http://mirror.example.org'), lookup });
    expect(findings.find(({ check }) => check === 'names')?.text).to.include('10.1.2.3, a private address');
  });

  it('finds a certificate that ends soon', async () => {
    const { path } = held.use(await tempDir('routine'));
    const authority = await makePair(path, { name: 'ca', to: daysFromNow(100) });
    const request = { name: 'soon', by: authority, from: daysFromNow(-10), to: daysFromNow(6.5) };
    const pair = await makePair(path, { ...request, isAuthority: false });
    const [cert, key] = [await pem(pair.certificate), await pem(pair.key)];
    const port = await listening(
      held,
      createTlsServer({ cert, key }, (_, response) => response.writeHead(404).end()),
    );
    const rootCas = [await pem(authority.certificate)];
    const findings = await examineRoutinely({ url: new URL(`https://127.0.0.1:${port}`), rootCas });
    expect(findings.map(({ check }) => check)).to.deep.equal(['tls']);
    expect(findings[0]?.text).to.include('ends in 6 days');
  });
});

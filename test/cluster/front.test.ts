/**
 * Promise: the load balancer that is shipped passes on every request of clients, of any size, and sends a write to one
 * node, once: never to another node after the first one failed.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { inPieces, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { startRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { startShippedFront } from './shipped-front.ts';

const NAME = 'candidate/app';
const MIB = 1024 * 1024;
/** What nodes behind it are configured with. */
const BEHIND = { host: 'https://registry.example.net', trustedproxies: ['127.0.0.0/8'] };

/** A node that takes a request and dies of it; `taken` has the methods of those. */
async function startDyingNode(held: AsyncDisposableStack, taken: string[]): Promise<string> {
  const server = createServer((request, response) => {
    taken.push(request.method ?? '');
    response.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  held.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

requires(['nginx'])('the shipped load balancer', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  after(() => held.disposeAsync());

  it('passes on pushes and pulls, whatever their form and size, to nodes over one directory', async () => {
    const { path: rootDirectory } = held.use(await tempDir('front-store'));
    const nodes = [];
    for (let i = 0; i < 2; i++)
      nodes.push(
        held.use(
          await startRegistry({
            ...{ command: 'api', promotion: false, rootDirectory, delete: true },
            config: (config) => ({
              ...{ ...config, auth: 'none' },
              http: { ...(config['http'] as object), ...BEHIND },
            }),
          }),
        ),
      );
    const { url } = held.use(await startShippedFront(nodes.map(({ host }) => host)));
    const layer = newBytes(20 * MIB);
    const begun = await send(url, `/v2/${NAME}/blobs/uploads/`, { method: 'POST' });
    const { pathname } = new URL(begun.headers.location ?? '', url);
    const patched = await send(url, pathname, { method: 'PATCH', body: inPieces(layer) });
    expect(patched.status, patched.body.toString()).to.equal(202);
    const closed = await send(url, `${pathname}?digest=${sha256(layer)}`, { method: 'PUT' });
    expect(closed.status, closed.body.toString()).to.equal(201);
    const image = await pushImage(url, NAME, 'one', [layer, newBytes(2 * MIB)]);
    const pulled = await send(url, `/v2/${NAME}/blobs/${sha256(layer)}`);
    expect(pulled.body.equals(layer)).to.equal(true);
    expect((await send(url, `/v2/${NAME}/manifests/one`)).body.equals(image.bytes)).to.equal(true);
    const deleted = await send(url, `/v2/${NAME}/manifests/one`, { method: 'DELETE' });
    expect(deleted.status, deleted.body.toString()).to.equal(202);
  });

  for (const [method, times] of [
    ['PUT', 1],
    ['DELETE', 1],
    ['POST', 1],
    ['PATCH', 1],
    ['GET', 2],
    ['HEAD', 2],
  ] as const)
    it(`sends ${method} to ${times === 1 ? 'one node only' : 'the next node'} if the first one dies of it`, async () => {
      const taken: string[] = [];
      const nodes = [await startDyingNode(held, taken), await startDyingNode(held, taken)];
      await using front = await startShippedFront(nodes);
      const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE';
      const answer = await send(front.url, '/v2/app/manifests/one', {
        method,
        ...(hasBody && { body: newBytes(100) }),
      });
      expect(answer.status).to.equal(502);
      expect(taken).to.deep.equal(Array.from({ length: times }, () => method));
    });
});

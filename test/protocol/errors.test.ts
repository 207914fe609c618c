/**
 * Promise: whatever goes wrong, the client gets the specification's JSON with a message that says what to do, every
 * answer carries a request id that the log has too, and load balancers learn from `/livez` and `/readyz`.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob } from './pushing.ts';
import { expectError, jsonOf, send } from './wire.ts';

describe('errors and health', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  after(() => registry[Symbol.asyncDispose]());

  it('answers the ping with an empty JSON object and the version of the API', async () => {
    const answer = await send(registry.url, '/v2/');
    expect(answer.status).to.equal(200);
    expect(jsonOf(answer)).to.deep.equal({});
    expect(answer.headers['docker-distribution-api-version']).to.equal('registry/2.0');
    const head = await send(registry.url, '/v2/', { method: 'HEAD' });
    expect(head.status).to.equal(200);
    expect(head.headers['content-length']).to.equal('2');
    expect(head.body).to.have.length(0);
  });

  for (const target of ['/x', '/v1/_ping', '/v2/_nothing', '/v2/hello/unknown/x', '/api/v1/status'])
    it(`answers ${target}, where it has nothing, with 404`, async () => {
      expectError(await send(registry.url, target), 404, 'UNSUPPORTED');
    });

  it('distinguishes an unknown repository from an unknown manifest in a known one', async () => {
    const unknown = await send(registry.url, '/v2/nobody/manifests/1');
    expect(expectError(unknown, 404, 'NAME_UNKNOWN').detail).to.deep.equal({ name: 'nobody' });
    await pushBlob(registry.url, 'somebody', newBytes());
    const known = await send(registry.url, '/v2/somebody/manifests/1');
    expect(expectError(known, 404, 'MANIFEST_UNKNOWN').detail).to.deep.equal({ reference: '1' });
  });

  it('answers HEAD of what is not there with the headers of the GET and no body', async () => {
    const target = `/v2/nobody/blobs/${sha256(newBytes())}`;
    const [get, head] = await Promise.all([
      send(registry.url, target),
      send(registry.url, target, { method: 'HEAD' }),
    ]);
    expectError(get, 404, 'BLOB_UNKNOWN');
    expect(head.status).to.equal(404);
    expect(head.body).to.have.length(0);
    for (const name of ['content-type', 'content-length'])
      expect(head.headers[name], name).to.equal(get.headers[name]);
  });

  const digest = sha256(Buffer.from('x'));
  const methods: [string, string, string[]][] = [
    ['DELETE', '/v2/', ['GET', 'HEAD']],
    ['POST', '/v2/hello/manifests/1', ['GET', 'HEAD', 'PUT']],
    ['PATCH', `/v2/hello/blobs/${digest}`, ['GET', 'HEAD']],
    ['PUT', '/v2/hello/tags/list', ['GET']],
    ['PROPFIND', '/v2/hello/tags/list', ['GET']],
  ];
  for (const [method, target, allowed] of methods)
    it(`answers ${method} ${target} with 405 and the methods that it knows there`, async () => {
      const answer = await send(registry.url, target, { method });
      expectError(answer, 405, 'UNSUPPORTED');
      const told = (answer.headers.allow ?? '').split(',').map((text) => text.trim());
      expect(told).to.include.members(allowed);
      expect(told).not.to.include(method);
    });

  it('refuses a query parameter that is given twice, since two readers could take two different ones', async () => {
    const answer = await send(registry.url, '/v2/hello/tags/list?n=1&n=2');
    expectError(answer, 400, 'PARAMETER_INVALID');
  });

  it('gives every answer an id of its own, and logs the request under it', async () => {
    const targets = ['/v2/', '/v2/nobody/manifests/1', '/nothing', '/v2/hello/tags/list'];
    const answers = await Promise.all(targets.map((target) => send(registry.url, target)));
    const ids = answers.map((answer) => String(answer.headers['x-request-id']));
    expect(new Set(ids).size).to.equal(targets.length);
    for (const id of ids) expect(id).to.match(/^[0-9a-f-]{36}$/);
    const logged = () => registry.log().filter((line) => ids.includes(String(line['requestId'])));
    await eventually('all are logged', () => logged().length >= ids.length);
    expect(logged().map((line) => line['path'])).to.have.members(targets);
    for (const answer of answers) expect(answer.headers['x-content-type-options']).to.equal('nosniff');
  });

  for (const target of ['/livez', '/readyz'])
    it(`answers ${target} with 200, never to be cached`, async () => {
      const answer = await send(registry.url, target);
      expect(answer.status).to.equal(200);
      expect(jsonOf(answer)).to.deep.equal({ status: 'ok' });
      expect(answer.headers['cache-control']).to.equal('no-store');
      const head = await send(registry.url, target, { method: 'HEAD' });
      expect(head.status).to.equal(200);
      expect(head.body).to.have.length(0);
    });

  it('answers to no other name than those of this machine: a web page may resolve its own to it', async () => {
    const { port } = new URL(registry.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
      expect((await send(registry.url, '/v2/', { headers: { host } })).status, host).to.equal(200);
    for (const host of [
      `evil.example:${port}`,
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '192.0.2.1',
    ])
      for (const method of ['GET', 'POST'])
        expectError(
          await send(registry.url, '/v2/hello/blobs/uploads/', { method, headers: { host } }),
          403,
          'DENIED',
        );
  });

  for (const connection of ['keep-alive', 'close'])
    it(`says why it refuses a large body to a client that reads only after sending all (Connection: ${connection})`, async () => {
      const { hostname, port } = new URL(registry.url);
      const socket = connect(Number(port), hostname);
      const sent = new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.write(
          'PUT /v2/UPPER/manifests/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n' +
            `Connection: ${connection}\r\nContent-Length: ${20 * 1024 * 1024}\r\n\r\n`,
        );
        socket.write(newBytes(20 * 1024 * 1024), (error) => (error ? reject(error) : resolve()));
      });
      await sent;
      const [head] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(head.toString()).to.match(/^HTTP\/1\.1 400 /);
    });
});

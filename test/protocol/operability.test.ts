import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob } from './pushing.ts';
import { expectError, send } from './wire.ts';

/** Promise: what an operator looks at tells the truth, tells no secrets, and a node that is told to go finishes first. */
describe('operating a node', () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({
      promotion: false,
      config: (config) => ({ ...config, http: { ...(config['http'] as object), draintimeout: '20s' } }),
    });
  });
  after(() => registry[Symbol.asyncDispose]());

  it('shows one log line a request, with its id, repository, digest, decision and time', async () => {
    const blob = await pushBlob(registry.url, 'logged', newBytes());
    const answer = await fetch(`${registry.url}/v2/logged/blobs/${blob.digest}`);
    await answer.arrayBuffer();
    const id = answer.headers.get('x-request-id');
    const linesOfIt = () => registry.log().filter((line) => line['requestId'] === id);
    await eventually('it is logged', () => linesOfIt().length > 0);
    // A second line would come at once.
    await sleep(50);
    const lines = linesOfIt();
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({
      ...{ msg: 'request', method: 'GET', status: 200, repository: 'logged', digest: blob.digest },
      ...{ decision: 'serve', reason: 'small', sentBytes: 1000, client: '127.0.0.1' },
    });
    expect(lines[0]?.['tookMs']).to.be.a('number');
    expect(lines[0]?.['time']).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it('shows no credentials in its log, wherever a client puts them', async () => {
    const headers = { authorization: 'Basic czNjcjN0OnMzY3IzdA==', cookie: 'session=s3cr3t' };
    await fetch(`${registry.url}/v2/?token=s3cr3t`, { headers });
    await fetch(`${registry.url}/v2/x/manifests/1?password=s3cr3t`, { headers });
    await fetch(`${registry.url}/v2/x/manifests/1`, { method: 'PUT', headers, body: 's3cr3t' });
    const put = () =>
      registry.log().some((line) => line['method'] === 'PUT' && line['path'] === '/v2/x/manifests/1');
    await eventually('the last of them is logged', put);
    const log = JSON.stringify(registry.log());
    expect(log).to.not.include('s3cr3t').and.not.include('czNjcjN0');
  });

  it('cuts what is long in its log', async () => {
    await fetch(`${registry.url}/v2/${'long'.repeat(6000)}/manifests/1`);
    const long = () => registry.log().find((line) => String(line['path']).startsWith('/v2/longlong'));
    await eventually('it is logged', () => long() !== undefined);
    expect(long()?.['path']).to.have.lengthOf.below(1100).and.to.include('(24016 characters)');
  });

  it('shows metrics on the debug listener only', async () => {
    await fetch(`${registry.url}/v2/`);
    const metrics = await (await fetch(`${registry.debugUrl}/metrics`)).text();
    expect(metrics).to.match(
      /^roadstead_http_request_duration_seconds_count\{process="api",route="ping",method="GET",status="200"\} \d+$/m,
    );
    for (const name of [
      'http_sent_bytes_total',
      'uploads_total',
      'uploaded_bytes_total',
      'blob_served_total',
    ])
      expect(metrics).to.match(new RegExp(`^roadstead_${name}(?:\\{.*\\})? \\d+$`, 'm'));
    expect((await fetch(`${registry.url}/metrics`)).status).to.equal(404);
  });

  it('refuses requests that come under another name, as a web page with a rebound name would send', async () => {
    for (const url of [`${registry.url}/v2/`, `${registry.url}/livez`, `${registry.debugUrl}/metrics`]) {
      const { origin, pathname, host } = new URL(url);
      const answer = await send(origin, pathname, { headers: { host: 'evil.example' } });
      expectError(answer, 403, 'DENIED');
      expect((await send(origin, pathname, { headers: { host } })).status, url).to.equal(200);
    }
  });

  it('ends by SIGTERM with no more connections taken, and the download under way whole', async function () {
    this.timeout(60_000);
    const bytes = newBytes(24_000_000);
    const blob = await pushBlob(registry.url, 'drained', bytes);
    const answer = await fetch(`${registry.url}/v2/drained/blobs/${blob.digest}`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const hash = createHash('sha256');
    const first = await reader.read();
    hash.update(first.value ?? new Uint8Array());
    const stopped = registry.stop('SIGTERM');
    const isReady = () =>
      fetch(`${registry.url}/readyz`).then(
        (again) => again.ok,
        () => false,
      );
    // Less than the drain time, so that the download is still under way.
    await eventually('connections are refused, or answered with 503', async () => !(await isReady()), 10_000);
    for (let next = await reader.read(); !next.done; next = await reader.read()) hash.update(next.value);
    expect(`sha256:${hash.digest('hex')}`).to.equal(blob.digest);
    await stopped;
    expect((await registry.daemon.exit).code).to.equal(0);
    await eventually('that is logged last', () => registry.log().at(-1)?.['msg'] === 'stopped');
    await registry.start();
  });
});

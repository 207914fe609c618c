/** Promise: the faults of the history checker are what they are said to be. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Client } from '../faults/client.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import { StoreFaults } from './store-faults.ts';

const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;

describe('faults of the history checker', () => {
  it('a late request is delivered whole after its client has seen the connection break', async () => {
    await using at = await openStore();
    const { faults, client, got } = at;
    const holding = faults.holdNext(NEVER);
    expect((await client.call('GET', '/read')).status).to.equal(200);
    const first = await client.call('PUT', '/a', { body: 'first' }).catch((error: Error) => error);
    expect(first).to.be.instanceOf(Error);
    expect((await client.call('PUT', '/a', { body: 'second' })).status).to.equal(200);
    expect(got).to.deep.equal(['GET /read ', 'PUT /a second']);

    const held = await holding;
    expect([held?.method, held?.url]).to.deep.equal(['PUT', '/a']);
    expect(await held?.deliver()).to.equal(200);
    expect(got.at(-1)).to.equal('PUT /a first');
  });

  it('each kind meets a request of its own, however many wait for one', async () => {
    await using at = await openStore();
    const { faults, client, got } = at;
    const lost = faults.next({ kind: 'lose answer' }, NEVER);
    const refused = faults.next({ kind: 'answer', status: 507 }, NEVER);
    const outcomes: unknown[] = [];
    for (const path of ['/1', '/2', '/3'])
      outcomes.push(
        await client.call('PUT', path).then(
          ({ status }) => status,
          () => 'broken',
        ),
      );
    expect(outcomes).to.deep.equal(['broken', 507, 200]);
    expect([(await lost)?.url, (await refused)?.url]).to.deep.equal(['/1', '/2']);
    expect(got).to.deep.equal(['PUT /1 ', 'PUT /3 ']);
  });

  it('a fault that meets no request ends with the run', async () => {
    await using at = await openStore();
    const over = new AbortController();
    const all = [at.faults.holdNext(over.signal), at.faults.next({ kind: 'reset' }, over.signal)];
    over.abort();
    expect(await Promise.all(all)).to.deep.equal([undefined, undefined]);
    expect((await at.client.call('PUT', '/a')).status).to.equal(200);
  });

  it('a moved clock changes what a process reads as the time, and nothing else', async () => {
    await using home = await tempDir('clock');
    const clock = join(home.path, 'clock');
    await writeFile(clock, String(7 * HOUR_MS));
    const script = `console.log(JSON.stringify([
      Date.now(), new Date().getTime(), Date.parse(Date()), new Date(5).getTime(), new Date() instanceof Date,
      performance.timeOrigin + performance.now(),
    ]))`;
    const module = new URL('moved-clock.ts', import.meta.url).href;
    const { stdout } = await run(process.execPath, ['--import', module, '-e', script], {
      env: { HISTORY_CLOCK: clock },
    });
    const [now = 0, made = 0, said = 0, given, isDate, monotonic = 0] = JSON.parse(stdout) as number[];
    for (const moved of [now, made, said]) expect(moved - monotonic).to.be.closeTo(7 * HOUR_MS, HOUR_MS / 2);
    expect([given, isDate]).to.deep.equal([5, true]);
  });
});

/** A server behind a proxy, which notes what reaches it. */
async function openStore() {
  await using held = new AsyncDisposableStack();
  const got: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    got.push(`${incoming.method} ${incoming.url} ${await text(incoming)}`);
    outgoing.end('done');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  held.defer(() => void server.close());
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const proxy = held.use(await startFaultProxy(upstream));
  const client = held.use(new Client(proxy.endpoint));
  const all = held.move();
  return { faults: new StoreFaults(proxy), client, got, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

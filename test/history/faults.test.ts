/** Promise: the faults of the history checker are what they are said to be. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { Client } from '../faults/client.ts';
import { run } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';
import { startLateProxy } from './late-proxy.ts';

const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;

describe('faults of the history checker', () => {
  it('a late request is delivered whole after its client has seen the connection break', async () => {
    const got: string[] = [];
    const server = createServer(async (incoming, outgoing) => {
      got.push(`${incoming.method} ${incoming.url} ${await text(incoming)}`);
      outgoing.end('done');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await using held = new AsyncDisposableStack();
    held.defer(() => void server.close());
    const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const proxy = held.use(await startLateProxy(upstream));
    const client = held.use(new Client(proxy.endpoint));

    const holding = proxy.holdNext(HOUR_MS, NEVER);
    expect((await client.call('GET', '/read')).status).to.equal(200);
    const first = await client.call('PUT', '/a', { body: 'first' }).catch((error: Error) => error);
    expect(first).to.be.instanceOf(Error);
    expect((await client.call('PUT', '/a', { body: 'second' })).status).to.equal(200);
    expect(got).to.deep.equal(['GET /read ', 'PUT /a second']);

    await proxy.deliverAll();
    const caught = await holding;
    expect(caught?.request).to.equal('PUT /a');
    expect(await caught?.delivered).to.equal('200');
    expect(got.at(-1)).to.equal('PUT /a first');
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

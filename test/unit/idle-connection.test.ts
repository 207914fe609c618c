/** Promise: a client that has sent its request is waited upon as long as the answer takes; one that sends nothing is cut. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { request } from 'undici';
import { bodyOf } from '../../services/http/body.ts';

/** Long enough for a request to come in on a busy machine. */
const IDLE_MS = 500;
/** Timers of one process end in their order, however busy the machine is. */
const WORK_MS = IDLE_MS + 200;

describe('an idle connection', () => {
  let server: Server;
  let url: string;
  before(async () => {
    server = createServer(async (asked, answer) => {
      const body = bodyOf(asked);
      if (asked.url === '/read') for await (const _ of body);
      await sleep(WORK_MS);
      answer.end('done');
    });
    server.setTimeout(IDLE_MS);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  for (const [what, path, body] of [
    ['whose body has ended', '/read', 'bytes'],
    ['without a body, which nobody reads', '/unread', null],
    ['with an empty body, which nobody reads', '/unread', ''],
  ] as const)
    it(`is not cut while a request is worked on ${what}`, async () => {
      const answer = await request(url + path, { method: 'PUT', body });
      expect(await answer.body.text()).to.equal('done');
    });

  it('is cut while the rest of a body does not come', async () => {
    async function* stalling() {
      yield Buffer.from('some');
      await sleep(WORK_MS);
    }
    const error = await request(`${url}/read`, { method: 'PUT', body: Readable.from(stalling()) }).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).to.be.instanceOf(Error);
  });
});

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
const WORK_MS = 1500;

const REQUESTS = [
  ['whose body has ended', '/read', 'bytes'],
  ['without a body, which nobody reads', '/unread', null],
  ['with an empty body, which nobody reads', '/unread', ''],
] as const;

describe('an idle connection', () => {
  let server: Server;
  let url: string;
  /** What came of each request; all are worked on at the same time. */
  let outcomes: Promise<string>[];
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
    outcomes = REQUESTS.map(([, path, body]) =>
      request(url + path, { method: 'PUT', body })
        .then((answer) => answer.body.text())
        .catch(String),
    );
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  for (const [i, [what]] of REQUESTS.entries())
    it(`is not cut while a request is worked on ${what}`, async () => {
      expect(await outcomes[i]).to.equal('done');
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

/** Promise: the suite's client notes what no answer may do, whatever was asked. No registry here does any of it. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Client } from './client.ts';

type Sent = readonly [status: number, headers: Record<string, string | string[]>, body: string];

const JSON_TYPE = { 'content-type': 'application/json' };
const failure = (error: unknown): Sent => [404, JSON_TYPE, JSON.stringify({ errors: [error] })];

describe('what is noted of every answer', () => {
  let server: Server;
  let client: Client;
  let next: Sent = [200, {}, ''];
  before(async () => {
    server = createServer((_, response) => {
      const [status, headers, body] = next;
      response.writeHead(status, headers).end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    server.close();
  });

  async function notedOf(sent: Sent): Promise<string[]> {
    next = sent;
    const before = client.complaints.length;
    await client.ask('/v2/');
    return client.complaints.slice(before);
  }

  const warning = (...lines: string[]): Sent => [200, { warning: lines }, '{}'];
  for (const [title, sent] of [
    ['warnings of the one form', warning('299 - "it is old"', '299 - "it \\"is\\" older"')],
    ['a failure in the one form', failure({ code: 'NAME_UNKNOWN', message: '', detail: { a: 1 } })],
    ['a failure without a message', failure({ code: 'NAME_UNKNOWN' })],
    ['a failure that is not JSON', [404, { 'content-type': 'text/plain' }, 'not found']],
    ['a failure without a body', [404, {}, '']],
    ['a fault in whatever form', [500, JSON_TYPE, '{}']],
  ] as const) {
    it(`is nothing of ${title}`, async () => {
      expect(await notedOf(sent)).to.deep.equal([]);
    });
  }

  for (const [title, kind, sent] of [
    ['a warning of another code', 'warning', warning('199 - "it is old"')],
    ['a warning of an agent', 'warning', warning('299 registry "it is old"')],
    ['a warning with a date', 'warning', warning('299 - "it is old" "Wed, 21 Oct 2026 07:28:00 GMT"')],
    ['warnings too long together', 'warning', warning(...Array(5).fill(`299 - "${'x'.repeat(1000)}"`))],
    ['a failure of another form', 'shape', [404, JSON_TYPE, '{"error":"not found"}']],
    ['a failure that is no JSON for all it says', 'shape', [404, JSON_TYPE, 'not found']],
    ['a code of another form', 'shape', failure({ code: 'name-unknown' })],
    ['a message that is no string', 'shape', failure({ code: 'NAME_UNKNOWN', message: 1 })],
    ['a code that is not in the list', 'code', failure({ code: 'RANGE_INVALID' })],
  ] as const) {
    it(`is ${title}`, async () => {
      const noted = await notedOf(sent);
      expect(noted).to.have.length(1);
      expect(noted[0]).to.match(new RegExp(`^GET /v2/: ${kind} `));
    });
  }
});

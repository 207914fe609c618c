/** Promise: `100 Continue` comes before an answer, never within one. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { listen } from '../../services/http/listen.ts';
import { eventually } from '../support/eventually.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n';
const BODY = 'the body of an answer';

describe('100 Continue', () => {
  it('is sent before each answer, also to requests that do not wait for the answer to the last one', async () => {
    await using listener = await listen((_, response) => void response.end(Buffer.from(BODY)), {
      ...{ host: '127.0.0.1', port: 0 },
    });
    const { hostname, port } = new URL(listener.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(REQUEST.repeat(3));
    await eventually('all are answered', () => text.split(BODY).length === 4);
    socket.destroy();
    for (const answer of text.split(BODY).slice(0, 3))
      expect(answer).to.match(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });
});

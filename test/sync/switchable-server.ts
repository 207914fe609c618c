import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server does with a request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** A web server with the faults that no real one makes on demand. */
export interface SwitchableServer extends AsyncDisposable {
  readonly url: string;
  answer: Answer;
  /** Every request so far: method, path, and range if there was one. */
  readonly requests: string[];
  /** Bytes of all request bodies, as far as they were read here. */
  receivedBytes: number;
}

/** Starts one on a free port of loopback. */
export async function startSwitchableServer(answer: Answer): Promise<SwitchableServer> {
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    switchable.requests.push([method, url, headers.range].filter(Boolean).join(' '));
    void switchable.answer(request, response);
  });
  server.on('clientError', (_, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const switchable: SwitchableServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer,
    requests: [],
    receivedBytes: 0,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return switchable;
}

/** Answers with bytes as a static file server does, ranges of one piece included. */
export function serve(bytes: Buffer, headers: Record<string, string> = {}): Answer {
  return (request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (range === null) {
      response.writeHead(200, { 'content-length': bytes.length, ...headers }).end(bytes);
      return;
    }
    const [first, last] = [Number(range[1]), range[2] === '' ? bytes.length - 1 : Number(range[2])];
    const total = { 'content-range': `bytes ${first}-${last}/${bytes.length}` };
    response.writeHead(206, { ...total, ...headers }).end(bytes.subarray(first, last + 1));
  };
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a mirror does with a request. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** A mirror that behaves as a test wants. */
export interface OddMirror extends AsyncDisposable {
  readonly url: string;
  behaviour: Behaviour;
  /** Requests whose client has neither got the whole answer nor hung up. */
  readonly open: ReadonlySet<ServerResponse>;
}

/** Starts one, on a port of this process. */
export async function startOddMirror(behaviour: Behaviour): Promise<OddMirror> {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.once('close', () => open.delete(response));
    void mirror.behaviour(request, response);
  });
  const mirror = {
    url: '',
    behaviour,
    open,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  mirror.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return mirror;
}

/** Answers with a body that has no end; returns how many bytes the client let it send. */
export async function answerEndlessly(response: ServerResponse, status: number): Promise<number> {
  const piece = Buffer.alloc(64 * 1024);
  let sentBytes = 0;
  async function* pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      sentBytes += piece.length;
      yield piece;
      await sleep(0);
    }
  }
  response.writeHead(status);
  await pipeline(pieces, response).catch(() => undefined);
  return sentBytes;
}

/** Sends a byte now and then, for as long as the client waits. */
export async function trickle(response: ServerResponse, pauseMs: number): Promise<void> {
  while (!response.destroyed) {
    response.write('.');
    await sleep(pauseMs);
  }
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Agent, type Dispatcher } from 'undici';

export interface Relay extends AsyncDisposable {
  readonly url: string;
}

/** Of one connection, not of the message. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'expect']);

/**
 * Passes requests on to a Swift as they are. Swift ends its answers to HEAD with the end of a body (`0\r\n\r\n`) that they
 * do not have; node:http's client, which the fault proxy uses, takes that for a broken answer, and undici's does not.
 */
export async function startRelay(upstream: string): Promise<Relay> {
  const agent = new Agent();
  const server = createServer((incoming, outgoing) => {
    const hasBody = 'content-length' in incoming.headers || 'transfer-encoding' in incoming.headers;
    const kept = Object.entries(incoming.headers).filter(([name]) => !HOP_BY_HOP.has(name));
    const passOn = async () => {
      const answer = await agent.request({
        origin: upstream,
        path: incoming.url ?? '/',
        method: incoming.method as Dispatcher.HttpMethod,
        headers: Object.fromEntries(kept),
        body: hasBody ? incoming : null,
      });
      const headers = Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.has(name));
      outgoing.writeHead(answer.statusCode, Object.fromEntries(headers));
      await pipeline(answer.body, outgoing);
    };
    passOn().catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await agent.destroy();
    },
  };
}

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { pipeline } from 'node:stream';
import type { Pair } from '../http/certificates.ts';

/** Where it calls the nodes from: not a client's address, so that they can trust it. */
export const FRONT_ADDRESS = '127.0.0.2';

/**
 * Starts a load balancer that sends each request to the next node, even on one connection: no client meets the same node
 * twice in a row. The first one is the token service, too. It ends TLS if there is a certificate.
 */
export async function startFront(
  port: number,
  nodes: readonly string[],
  tls?: Pair,
): Promise<AsyncDisposable> {
  const agent = new Agent({ keepAlive: true, localAddress: FRONT_ADDRESS });
  let turn = 0;
  const server = tls
    ? createTlsServer({ cert: readFileSync(tls.certificate), key: readFileSync(tls.key) })
    : createServer();
  server.on('request', (incoming: IncomingMessage, outgoing) => {
    const { method, url, headers, socket } = incoming;
    const node = url?.startsWith('/auth/') ? nodes[0] : nodes[turn++ % nodes.length];
    const forwarded = {
      'x-forwarded-for': socket.remoteAddress ?? '',
      'x-forwarded-proto': tls ? 'https' : 'http',
    };
    const passedOn = httpRequest(`http://${node}${url}`, {
      ...{ agent, method, headers: { ...headers, ...forwarded } },
    });
    passedOn.once('error', () => socket.destroy());
    passedOn.once('response', (answer) => {
      // A client that is killed leaves at any time.
      if (outgoing.destroyed) return void answer.destroy();
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, outgoing, () => undefined);
    });
    pipeline(incoming, passedOn, (error) => error && socket.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A proxy before an object store that can deliver a request long after its client has seen the connection break. */
export interface LateProxy extends AsyncDisposable {
  readonly endpoint: string;
  /**
   * The next request that changes something is read and held, and its connection is reset; the store gets it after so long.
   * Returns what it was and what the store said, or undefined if there was none to hold.
   */
  holdNext(lateMs: number, signal: AbortSignal): Promise<Held | undefined>;
  /** Delivers all that is held, and holds nothing from then on. */
  deliverAll(): Promise<void>;
}

/** A request that was held. */
export interface Held {
  readonly request: string;
  readonly delivered: Promise<string>;
}

interface Trap {
  readonly lateMs: number;
  readonly caught: (held: Held) => void;
}

/** Starts a proxy on loopback before a server on loopback. */
export async function startLateProxy(upstream: string): Promise<LateProxy> {
  const { hostname, port } = new URL(upstream);
  const agent = new Agent({ keepAlive: true });
  const traps: Trap[] = [];
  const underWay = new Set<Promise<unknown>>();
  const now = new AbortController();

  const send = async ({ method, url, headers }: IncomingMessage, body: Buffer | IncomingMessage) => {
    // The host stays as the client has it: it is part of what it signed.
    const outgoing = httpRequest({ hostname, port, agent, method, path: url, headers });
    if (Buffer.isBuffer(body)) outgoing.end(body);
    else {
      body.pipe(outgoing);
      body.once('close', () => {
        if (!body.complete) outgoing.destroy();
      });
    }
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return answer;
  };

  const hold = async (incoming: IncomingMessage, trap: Trap) => {
    const body = await buffer(incoming).catch((error: unknown) => {
      // Its client has died: the next request will do.
      traps.unshift(trap);
      throw error;
    });
    const { lateMs, caught } = trap;
    incoming.socket.resetAndDestroy();
    const deliver = async () => {
      await sleep(lateMs, undefined, { signal: now.signal }).catch(() => undefined);
      const answer = await send(incoming, body).catch((error: unknown) => String(error));
      if (typeof answer === 'string') return answer;
      await buffer(answer);
      return String(answer.statusCode);
    };
    const delivered = deliver();
    caught({ request: `${incoming.method} ${incoming.url}`, delivered });
    await delivered;
  };

  const forward = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const answer = await send(incoming, incoming);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  };

  const server = createServer((incoming, outgoing) => {
    const trap = changes(incoming) ? traps.shift() : undefined;
    const handled = trap ? hold(incoming, trap) : forward(incoming, outgoing);
    underWay.add(handled);
    handled.catch(() => incoming.socket.destroy()).finally(() => underWay.delete(handled));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    holdNext(lateMs, signal) {
      return new Promise((resolve) => {
        const trap = { lateMs, caught: resolve };
        traps.push(trap);
        signal.addEventListener('abort', () => {
          const index = traps.indexOf(trap);
          if (index >= 0) traps.splice(index, 1);
          resolve(undefined);
        });
      });
    },
    async deliverAll() {
      now.abort();
      await Promise.allSettled(underWay);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

/** Puts, and deletes of one object or of many. */
function changes({ method, url = '' }: IncomingMessage): boolean {
  return method === 'PUT' || method === 'DELETE' || (method === 'POST' && /[?&]delete\b/.test(url));
}

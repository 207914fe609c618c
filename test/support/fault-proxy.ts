import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is done to a request. */
export type Fault =
  /** The connection is reset, and the server hears nothing. */
  | { readonly kind: 'reset' }
  /** The server does what was asked, and the connection is reset instead of its answer. */
  | { readonly kind: 'lose answer' }
  /** The server hears nothing, and the client gets this. */
  | { readonly kind: 'answer'; readonly status: number; readonly body?: string }
  /** The server does what was asked, and the client gets this instead of its answer. */
  | { readonly kind: 'replace answer'; readonly status: number; readonly body: string }
  /** So many bytes of the answer's body, then the connection is reset. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /**
   * The connection is reset, and the server hears the whole request later: when the test delivers it (see `held` and
   * `onHeld`), or after so many milliseconds.
   */
  | { readonly kind: 'late'; readonly ms?: number; readonly onHeld?: (request: HeldRequest) => void }
  /** Nothing ever comes back. */
  | { readonly kind: 'stall' };

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** A request whose sender has given it up, and that has not reached the server yet. */
export interface HeldRequest extends SeenRequest {
  /** Delivers it unless that was done; resolves to the status of the server's answer. */
  deliver(): Promise<number>;
}

/** A proxy before an HTTP server that does to requests what its rule says. */
export interface FaultProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Asked for each request; undefined lets it through. Replace it at any time. */
  rule: (request: SeenRequest) => Fault | undefined;
  /** The requests that met `late`, in the order in which they came; a test may empty it. */
  held: HeldRequest[];
  /** The most requests of those that `which` names that were under way at once, since it was asked last. */
  mostAtOnce(which: (request: SeenRequest) => boolean): number;
}

/** Starts a proxy on loopback before a server on loopback. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(upstream);
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<SeenRequest>();
  let snapshots: SeenRequest[][] = [];
  const ended = new AbortController();

  const forward = async (incoming: IncomingMessage): Promise<IncomingMessage> => {
    const { method, url, headers } = incoming;
    // The host stays as the client has it: it is part of what it signed.
    const options: RequestOptions = { hostname, port, agent, method, path: url, headers };
    const outgoing = httpRequest(options);
    incoming.pipe(outgoing);
    incoming.once('close', () => {
      if (!incoming.complete) outgoing.destroy();
    });
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return answer;
  };

  const send = async (options: RequestOptions, body: Buffer): Promise<number> => {
    const outgoing = httpRequest(options).end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    await buffer(answer);
    return answer.statusCode ?? 0;
  };

  /** Takes a request from its sender, to deliver it later. */
  const hold = async (
    incoming: IncomingMessage,
    { ms: afterMs, onHeld }: Extract<Fault, { kind: 'late' }>,
  ): Promise<void> => {
    const { method = '', url = '', headers } = incoming;
    const body = await buffer(incoming);
    const options = { hostname, port, agent, method, path: url, headers };
    let delivering: Promise<number> | undefined;
    const deliver = () => {
      delivering ??= send(options, body);
      return delivering;
    };
    const held = { method, url, headers, deliver };
    proxy.held.push(held);
    incoming.socket.resetAndDestroy();
    onHeld?.(held);
    if (afterMs !== undefined)
      sleep(afterMs, undefined, { signal: ended.signal })
        .then(deliver)
        .catch(() => undefined);
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined) => {
    if (fault?.kind === 'reset') return void incoming.socket.resetAndDestroy();
    if (fault?.kind === 'stall') return void incoming.resume();
    if (fault?.kind === 'late') return hold(incoming, fault);
    if (fault?.kind === 'delay') await sleep(fault.ms);
    if (fault?.kind === 'answer') {
      // As servers do that turn a request down: what it sends is read, and forgotten.
      for await (const _ of incoming);
      return void outgoing.writeHead(fault.status).end(fault.body);
    }
    const answer = await forward(incoming);
    if (fault?.kind === 'lose answer') {
      await buffer(answer);
      return void incoming.socket.resetAndDestroy();
    }
    if (fault?.kind === 'replace answer') {
      await buffer(answer);
      return void outgoing.writeHead(fault.status).end(fault.body);
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault?.kind !== 'truncate') return void answer.pipe(outgoing);
    const bytes = await buffer(answer);
    outgoing.write(bytes.subarray(0, fault.bytes), () => incoming.socket.destroy());
  };

  const proxy = {
    rule: (_: SeenRequest): Fault | undefined => undefined,
    held: [] as HeldRequest[],
  };
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const seen = { method, url, headers };
    underWay.add(seen);
    snapshots.push([...underWay]);
    outgoing.once('close', () => underWay.delete(seen));
    handle(incoming, outgoing, proxy.rule(seen)).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(proxy, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mostAtOnce(which: (request: SeenRequest) => boolean) {
      const most = Math.max(0, ...snapshots.map((snapshot) => snapshot.filter(which).length));
      snapshots = [];
      return most;
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  });
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NotificationEvent } from '../../services/registry/notifications/event.ts';

/** A POST that came in. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly events: readonly NotificationEvent[];
  /** What it was answered. */
  readonly status: number;
}

/** What a receiver answers: a status, or `hang` for nothing at all. */
export type Answer = number | 'hang';

/** A real HTTP server that takes events, and fails on demand. */
export interface Receiver extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Every POST, in order. */
  readonly posts: readonly Received[];
  /** The events that were accepted (answered below 300), in order, with repetitions. */
  readonly accepted: () => NotificationEvent[];
  /** Decides the answers from now on. */
  answer(by: (events: readonly NotificationEvent[], post: number) => Answer): void;
}

/** Listens on a free port of 127.0.0.1, or on the given one. */
export async function startReceiver(port = 0): Promise<Receiver> {
  const posts: Received[] = [];
  let decide: (events: readonly NotificationEvent[], post: number) => Answer = () => 200;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { events } = JSON.parse(Buffer.concat(chunks).toString()) as { events: NotificationEvent[] };
    const answer = decide(events, posts.length);
    posts.push({ headers: request.headers, events, status: answer === 'hang' ? 0 : answer });
    if (answer === 'hang') return;
    const isRedirect = answer >= 300 && answer < 400;
    response.writeHead(answer, isRedirect ? { location: '/elsewhere' } : {}).end('noted\n');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}/hook`,
    posts,
    accepted: () => posts.filter(({ status }) => status > 0 && status < 300).flatMap(({ events }) => events),
    answer(by) {
      decide = by;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      if (server.listening) await once(server, 'close');
    },
  };
}

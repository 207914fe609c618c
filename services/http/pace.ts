import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How slow a client may be. */
export interface PaceLimits {
  /** The least that a client has to send of a body, or to take of an answer, on average while it is waited for. */
  readonly bytesPerSecond: number;
  /** So long a client may do nothing, beyond that. */
  readonly graceMs: number;
}

/** What a client was too slow at: sending its request's body, or taking the answer. */
export type Slowness = 'body' | 'answer';

/** A request that is not answered in full. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** How long the client may still be waited for. */
  creditMs: number;
  seen: Progress;
}

/** How far a connection has come, in bytes. */
interface Progress {
  readonly read: number;
  readonly sent: number;
}

/**
 * Closes connections of clients that trickle: each holds memory, and what it began, for as long as it likes. A client's
 * time runs only while it is waited for, never while the registry or its store is slow, and every byte gives some back
 * (as Apache's `mod_reqtimeout` counts). Answers with what stops it.
 */
export function watchPace(
  server: Server,
  limits: PaceLimits,
  cut: (what: Slowness, request: IncomingMessage) => void,
): Disposable {
  const underWay = new Set<Exchange>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const exchange = { request, response, creditMs: limits.graceMs, seen: progressOf(request.socket) };
    underWay.add(exchange);
    response.once('close', () => underWay.delete(exchange));
  });
  const stepMs = Math.min(5000, limits.graceMs / 4);
  let lookedAt = performance.now();
  const looking = setInterval(() => {
    const now = performance.now();
    // What blocked this process is not the clients' fault.
    const passedMs = Math.min(now - lookedAt, 2 * stepMs);
    lookedAt = now;
    for (const exchange of underWay) {
      // An answer that was still behind another one when the connection ended never says that it is closed.
      if (exchange.request.socket.destroyed) {
        underWay.delete(exchange);
        continue;
      }
      const what = step(exchange, passedMs, limits);
      if (what === undefined) continue;
      cut(what, exchange.request);
      exchange.request.socket.destroy();
    }
  }, stepMs).unref();
  return { [Symbol.dispose]: () => clearInterval(looking) };
}

/** Takes from, and gives to, a client's time; what it was too slow at when that is used up. */
function step(exchange: Exchange, passedMs: number, limits: PaceLimits): Slowness | undefined {
  const { request, seen } = exchange;
  const now = progressOf(request.socket);
  exchange.seen = now;
  const what = waitedFor(exchange);
  if (what === undefined) return undefined;
  const bytes = Math.max(0, what === 'body' ? now.read - seen.read : now.sent - seen.sent);
  const earnedMs = (bytes / limits.bytesPerSecond) * 1000;
  exchange.creditMs = Math.min(limits.graceMs, exchange.creditMs - passedMs + earnedMs);
  return exchange.creditMs < 0 ? what : undefined;
}

/** What the client has to do now for anything to go on; undefined when it is not its turn. */
function waitedFor({ request, response }: Exchange): Slowness | undefined {
  if (response.writableLength > 0) return 'answer';
  return request.complete || request.readableLength > 0 ? undefined : 'body';
}

/** What Node knows of a TCP connection. Not public, but what its own idle timeouts look at (`_onTimeout` in lib/net.js). */
interface Handle {
  readonly bytesRead?: number;
  /** Handed to the system, or waiting for that in `writeQueueSize`. */
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/** By the bytes of TCP: beneath TLS, an answer that was written at once shows no progress until it is over. */
function progressOf(socket: Socket): Progress {
  const { _parent: parent, _handle: own } = socket as {
    _parent?: { _handle?: Handle | null } | null;
    _handle?: Handle | null;
  };
  const handle = parent?._handle ?? own;
  return {
    read: handle?.bytesRead ?? 0,
    sent: (handle?.bytesWritten ?? 0) - (handle?.writeQueueSize ?? 0),
  };
}

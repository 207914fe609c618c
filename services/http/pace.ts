import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How slow a client may be; read at each look. */
export interface PaceLimits {
  /** The minimum average rate at which a client sends a body, or reads an answer, while the registry waits for it; 0 for none. */
  readonly bytesPerSecond: number;
  /** Grace period before the minimum rate is enforced. */
  readonly graceMs: number;
}

/** What a client was too slow at: sending its request's body, or reading the answer. */
export type Slowness = 'body' | 'answer';

/** A request that is not fully answered yet. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** How long the registry will still wait for the client. */
  creditMs: number;
  seen: Progress;
}

/** How far a connection has come, in bytes. */
interface Progress {
  readonly read: number;
  readonly sent: number;
}

/**
 * Closes connections of clients that trickle, since each holds memory and what it began. A client's time runs only while
 * the registry waits for it, never while the registry or its store is slow, and every byte earns some time back (as in
 * Apache's `mod_reqtimeout`). Disposing stops it.
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
    // Time in which this process was blocked does not count against clients.
    const passedMs = Math.min(now - lookedAt, 2 * stepMs);
    lookedAt = now;
    for (const exchange of underWay) {
      // A pipelined answer that was still queued when the connection closed emits no `close`.
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

/** Updates a client's credit; returns what it was too slow at once that is used up. */
function step(exchange: Exchange, passedMs: number, limits: PaceLimits): Slowness | undefined {
  const { request, seen } = exchange;
  if (limits.bytesPerSecond === 0) exchange.creditMs = limits.graceMs;
  const now = progressOf(request.socket);
  exchange.seen = now;
  const what = awaited(exchange);
  if (what === undefined || limits.bytesPerSecond === 0) return undefined;
  const bytes = Math.max(0, what === 'body' ? now.read - seen.read : now.sent - seen.sent);
  const earnedMs = (bytes / limits.bytesPerSecond) * 1000;
  exchange.creditMs = Math.min(limits.graceMs, exchange.creditMs - passedMs + earnedMs);
  return exchange.creditMs < 0 ? what : undefined;
}

/** What the registry waits for the client to do; undefined when it waits for nothing. */
function awaited({ request, response }: Exchange): Slowness | undefined {
  if (response.writableLength > 0) return 'answer';
  return request.complete || request.readableLength > 0 ? undefined : 'body';
}

/** Node's TCP handle. Not public, but its own idle timeouts read it (`_onTimeout` in lib/net.js). */
interface Handle {
  readonly bytesRead?: number;
  /** Written to the system, including what is queued (`writeQueueSize`). */
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/** Counts bytes of TCP: above TLS, an answer written in one piece shows no progress until it is complete. */
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

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { clientKeyOf } from '../registry/access/client-key.ts';
import { plain } from './forwarded.ts';

/** How many connections a port accepts; read for each connection. */
export interface ConnectionLimits {
  readonly total: number;
  /** Of one client address; of one /64 network for IPv6. */
  readonly perClient: number;
  /** Addresses without a limit of their own: proxies, which carry many clients, and trusted networks. */
  readonly isExempt: (address: string) => boolean;
}

/** Which limit a refused connection exceeded. */
export type Refusal = 'total' | 'client';

/** Idle connections are closed in favour of new ones at most this often. */
const MAKE_ROOM_MS = 1000;

/** A connection that counts against its client's limit. */
interface Taken {
  readonly socket: Socket;
  /** Removes it from the count; idempotent. */
  readonly release: () => void;
  /** Requests under way; undefined before the first. */
  requests: number | undefined;
}

/** Idle connections are closed when less than this share of the total is left. */
const HEADROOM = 0.02;

/**
 * Counts a server's connections, and closes those beyond the limits before a byte is read or a handshake begun. When the
 * total is nearly reached, idle connections are closed; when a client has reached its limit, only its own idle ones.
 */
export function limitConnections(
  server: Server & { closeIdleConnections(): void },
  limits: ConnectionLimits,
  refused: (reason: Refusal, address: string) => void,
): void {
  const ofClients = new Map<string, Set<Taken>>();
  // By remote end, which a TCP connection and the TLS socket on it share.
  const byEnd = new Map<string, Taken>();
  let total = 0;
  let roomMadeAt = Number.NEGATIVE_INFINITY;
  const makeRoom = () => {
    if (performance.now() - roomMadeAt <= MAKE_ROOM_MS) return;
    roomMadeAt = performance.now();
    server.closeIdleConnections();
  };
  // The limits may change while the server runs.
  const scarce = () => limits.total - Math.floor(limits.total * HEADROOM);
  const refuse = (socket: Socket, reason: Refusal, address: string) => {
    socket.destroy();
    refused(reason, address);
  };
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const taken = byEnd.get(endOf(socket));
    if (taken === undefined) return;
    taken.requests = (taken.requests ?? 0) + 1;
    response.once('close', () => {
      taken.requests = (taken.requests ?? 1) - 1;
    });
  });
  // Replaces the server's listeners: they would begin a handshake on a connection that was just closed.
  const take = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const address = plain(socket.remoteAddress ?? '');
    const client = limits.isExempt(address) ? undefined : clientKeyOf(address);
    const own = client === undefined ? undefined : (ofClients.get(client) ?? new Set<Taken>());
    if (own && own.size >= limits.perClient) closeIdle(own);
    if (own && own.size >= limits.perClient) return refuse(socket, 'client', address);
    if (total >= scarce()) makeRoom();
    if (total >= limits.total) return refuse(socket, 'total', address);
    total++;
    const end = endOf(socket);
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      total--;
      own?.delete(taken);
      if (byEnd.get(end) === taken) byEnd.delete(end);
      if (client !== undefined && own?.size === 0 && ofClients.get(client) === own) ofClients.delete(client);
    };
    const taken: Taken = { socket, release, requests: undefined };
    if (client !== undefined && own) {
      ofClients.set(client, own.add(taken));
      byEnd.set(end, taken);
    }
    socket.once('close', release);
    for (const each of take) each.call(server, socket);
  });
}

/** Closes connections that are between two requests. */
function closeIdle(connections: Iterable<Taken>): void {
  for (const { socket, release, requests } of [...connections])
    if (requests === 0) {
      release();
      socket.destroy();
    }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

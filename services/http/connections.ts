import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import { clientKeyOf } from '../registry/access/client-key.ts';
import { plain } from './forwarded.ts';

/** How many connections a port takes. */
export interface ConnectionLimits {
  readonly total: number;
  /** Of one client; of IPv6, of one /64 network. */
  readonly perClient: number;
  /** Whose connections are those of many clients: proxies, and networks that are trusted. */
  readonly isExempt: (address: string) => boolean;
}

/** Why a connection was not taken: there are too many in all, or of this client. */
export type Refusal = 'total' | 'client';

/** Connections that are idle are closed for the sake of new ones, but not more often. */
const MAKE_ROOM_MS = 1000;
/** A connection of a client that has a share. */
interface Taken {
  readonly socket: Socket;
  /** Takes it out of the count; does so once. */
  readonly release: () => void;
  /** Requests under way; undefined before the first. */
  requests: number | undefined;
}

/** Idle connections are closed when so little is left of the total, so that nobody is refused while they stay. */
const HEADROOM = 0.02;

/**
 * Counts a server's connections, and closes those that are too many before a byte of theirs is read or a handshake
 * begun. When nearly all are taken, the idle ones are closed: those are the first to go. When a client has all of its
 * share, only its own idle ones are closed.
 */
export function limitConnections(
  server: Server & { closeIdleConnections(): void },
  limits: ConnectionLimits,
  refused: (reason: Refusal, address: string) => void,
): void {
  const ofClients = new Map<string, Set<Taken>>();
  // By the far end, which a connection and the TLS on it have in common.
  const byEnd = new Map<string, Taken>();
  let total = 0;
  let roomMadeAt = Number.NEGATIVE_INFINITY;
  const makeRoom = () => {
    if (performance.now() - roomMadeAt <= MAKE_ROOM_MS) return;
    roomMadeAt = performance.now();
    server.closeIdleConnections();
  };
  const scarce = limits.total - Math.floor(limits.total * HEADROOM);
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
  // In place of what the server does with a connection, not before it: it would begin a handshake on a closed one.
  const take = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const address = plain(socket.remoteAddress ?? '');
    const client = limits.isExempt(address) ? undefined : clientKeyOf(address);
    const own = client === undefined ? undefined : (ofClients.get(client) ?? new Set<Taken>());
    if (own && own.size >= limits.perClient) closeIdle(own);
    if (own && own.size >= limits.perClient) return refuse(socket, 'client', address);
    if (total >= scarce) makeRoom();
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

/** Closes connections between two requests. */
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

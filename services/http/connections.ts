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
/** Idle connections are closed when so little is left of the total, so that nobody is refused while they stay. */
const HEADROOM = 0.02;

/**
 * Counts a server's connections, and closes those that are too many before a byte of theirs is read or a handshake
 * begun. When nearly all are taken, the idle ones are closed: those are the first to go.
 */
export function limitConnections(
  server: Server & { closeIdleConnections(): void },
  limits: ConnectionLimits,
  refused: (reason: Refusal, address: string) => void,
): void {
  const ofClients = new Map<string, number>();
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
  // In place of what the server does with a connection, not before it: it would begin a handshake on a closed one.
  const take = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const address = plain(socket.remoteAddress ?? '');
    const client = limits.isExempt(address) ? undefined : clientKeyOf(address);
    const before = client === undefined ? 0 : (ofClients.get(client) ?? 0);
    if (before >= limits.perClient) return refuse(socket, 'client', address);
    if (total >= scarce) makeRoom();
    if (total >= limits.total) return refuse(socket, 'total', address);
    total++;
    if (client !== undefined) ofClients.set(client, before + 1);
    socket.once('close', () => {
      total--;
      if (client === undefined) return;
      const left = (ofClients.get(client) ?? 1) - 1;
      if (left > 0) ofClients.set(client, left);
      else ofClients.delete(client);
    });
    for (const each of take) each.call(server, socket);
  });
}

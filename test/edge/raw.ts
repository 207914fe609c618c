import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { eventually } from '../support/eventually.ts';

/** A connection whose bytes the test itself writes, and how it ended. */
export interface RawConnection extends Disposable {
  readonly socket: Socket;
  /** All that came so far. */
  readonly received: () => string;
  readonly isClosed: () => boolean;
  /** Settles when the other end has closed it, in whatever way. */
  readonly closed: Promise<void>;
}

/** Connects to a port of this machine. */
export async function rawConnection(
  port: number,
  options: { tls?: boolean; from?: string; reads?: boolean } = {},
): Promise<RawConnection> {
  const { tls = false, from, reads = true } = options;
  const target = { host: '127.0.0.1', port, ...(from !== undefined && { localAddress: from }) };
  const socket = tls ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target);
  const over = Promise.withResolvers<void>();
  let isClosed = false;
  let text = '';
  // The other end may reset it.
  socket.on('error', () => undefined);
  socket.once('close', () => {
    isClosed = true;
    over.resolve();
  });
  if (reads) socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const standing = once(socket, tls ? 'secureConnect' : 'connect').catch(() => undefined);
  await Promise.race([standing, over.promise]);
  return {
    socket,
    received: () => text,
    isClosed: () => isClosed,
    closed: over.promise,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** Waits until the head of an answer has come, or the other end has closed the connection. */
export async function answered({ received, isClosed }: RawConnection): Promise<void> {
  await eventually('it is answered, or closed', () => received().includes('\r\n\r\n') || isClosed());
}

/** Waits until it is closed; how long that took, ms. Throws when it stays open. */
export async function closedWithin(connection: RawConnection, timeoutMs: number): Promise<number> {
  const startedAt = performance.now();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`still open after ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([connection.closed, late]);
  } finally {
    clearTimeout(timer);
  }
  return performance.now() - startedAt;
}

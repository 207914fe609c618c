import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const handedOut = new Set<number>();

/** Below Linux's range for outgoing connections (32768 on), one of which could take the port before its server does. */
const PORTS = { from: 10_000, to: 32_000 } as const;

/** The one port of the range that fetch refuses to connect to (Fetch standard, "bad port"). */
const REFUSED_BY_FETCH = 10_080;

/** A TCP port of 127.0.0.1 that nobody listens on; this process never hands out the same one twice. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (port === REFUSED_BY_FETCH || handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/** Whether somebody accepts connections on a port of 127.0.0.1: the usual answer to "is the daemon ready?". */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

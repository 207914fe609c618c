import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

const handedOut = new Set<number>();

/** A TCP port of 127.0.0.1 that nobody listens on; this process never hands out the same one twice. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  if (handedOut.has(port)) return freePort();
  handedOut.add(port);
  return port;
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

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** So long the server has to take in what was sent before the connection breaks. */
const SETTLE_MS = 150;

/** A request as bytes on a connection: what it says of its body and what it sends need not agree. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer | string;
}

async function send(url: string, { method, path, headers, body }: RawRequest): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  // The other end may reset what this end breaks off.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${lines.join('')}\r\n`);
  await new Promise((resolve) => socket.write(body, resolve));
  return socket;
}

/** Sends what there is, and goes away without waiting for an answer. */
export async function sendAndVanish(url: string, request: RawRequest): Promise<void> {
  const socket = await send(url, request);
  await sleep(SETTLE_MS);
  socket.destroy();
}

/**
 * Sends what there is, says that nothing more will come, and reads all that is answered: nothing, perhaps, if the other
 * end resets the connection.
 */
export async function sendAndListen(url: string, request: RawRequest): Promise<string> {
  const socket = await send(url, request);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.end();
  // Not once(), which would throw if the connection is reset.
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks).toString();
}

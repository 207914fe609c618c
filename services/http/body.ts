import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../registry/oci/errors.ts';

/** How much of an unwanted body is read so that the client sees the answer. */
const DRAIN_MAX_BYTES = 256 * 1024 * 1024;

/** A request's body. A reader may stop before its end without closing the connection, and still answer with an error. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  // After its end the client waits: an upload's last step may take longer than the idle timeout.
  const clientWaits = () => void request.socket.setTimeout(0);
  if (hasBody(request)) request.once('end', clientWaits);
  // Without a body, there may be no reader that sees its end.
  else clientWaits();
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Discards the rest of a body: closing a connection while the client sends resets it, and loses the answer. */
export async function drainRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  let leftBytes = DRAIN_MAX_BYTES;
  request.on('data', (chunk: Buffer) => {
    leftBytes -= chunk.length;
    if (leftBytes < 0) request.destroy();
  });
  const over = new Promise<void>((resolve) => {
    request.once('end', resolve).once('close', resolve);
  });
  request.resume();
  await over;
}

/** A request's whole small body. Beyond `limitBytes` it throws `tooLarge` without reading on. */
export async function readBody(
  request: IncomingMessage,
  limitBytes: number,
  tooLarge: () => RegistryError,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of bodyOf(request)) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    throw new RegistryError(
      'CLIENT_GONE',
      'the request ended before its body was complete',
      undefined,
      error,
    );
  }
  return Buffer.concat(chunks);
}

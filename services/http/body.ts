import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../registry/oci/errors.ts';

/** More than this of an unwanted body is not worth reading for the sake of a polite answer. */
const DRAIN_MAX_BYTES = 256 * 1024 * 1024;

/**
 * A request's body. Unlike the request itself it can be left before its end without closing the connection, so that
 * whoever finds fault with a body can still say so.
 */
export function bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  // From its end on it is the client who waits: an upload's last step may take longer than an idle connection may.
  const clientWaits = () => void request.socket.setTimeout(0);
  if (hasBody(request)) request.once('end', clientWaits);
  // Nobody may read it to its end.
  else clientWaits();
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * Reads the rest of a body and throws it away. Closing a connection on which the client is still sending resets it,
 * and the client would never see the answer that tells what was wrong.
 */
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
    throw new RegistryError('CLIENT_GONE', 'the request broke off before its end', undefined, error);
  }
  return Buffer.concat(chunks);
}

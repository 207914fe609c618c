import type { IncomingMessage } from 'node:http';
import { RegistryError } from '../registry/errors.ts';

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
    for await (const chunk of request as AsyncIterable<Buffer>) {
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

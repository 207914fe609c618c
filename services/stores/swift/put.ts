import { createHash } from 'node:crypto';
import type { Fence } from '../../registry/storage/fence.ts';
import type { SwiftClient } from './client.ts';

/** Writes an object whose bytes are in memory, in one request; Swift checks them against their MD5, which is returned. */
export async function putWhole(
  client: SwiftClient,
  name: string,
  bytes: Buffer,
  signal?: AbortSignal,
  fence?: Fence,
): Promise<string> {
  const md5 = md5Of(bytes);
  const headers = { 'content-type': 'application/octet-stream', etag: md5 };
  await client.ask({ method: 'PUT', name, headers, body: bytes, expects: [201], signal, fence });
  return md5;
}

export function md5Of(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

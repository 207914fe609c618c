import { createHash } from 'node:crypto';
import { type Answer, send } from '../protocol/wire.ts';

/** The SHA-512 digest of bytes, by other means than the registry's. */
export function sha512(bytes: Buffer): string {
  return `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
}

/** Pushes a blob under a digest of the caller's choice, with POST and PUT, whatever the answer. */
export async function pushBlobAs(url: string, name: string, bytes: Buffer, digest: string): Promise<Answer> {
  const begun = await send(url, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
  const { pathname, searchParams } = new URL(begun.headers.location ?? '', url);
  searchParams.set('digest', digest);
  return send(url, `${pathname}?${searchParams}`, { method: 'PUT', body: bytes });
}

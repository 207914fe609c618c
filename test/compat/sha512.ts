import { type Answer, send } from '../protocol/wire.ts';

/** Pushes a blob under a digest of the caller's choice, with POST and PUT, whatever the answer. */
export async function pushBlobAs(url: string, name: string, bytes: Buffer, digest: string): Promise<Answer> {
  const begun = await send(url, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
  const { pathname, searchParams } = new URL(begun.headers.location ?? '', url);
  searchParams.set('digest', digest);
  return send(url, `${pathname}?${searchParams}`, { method: 'PUT', body: bytes });
}

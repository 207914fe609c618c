import { randomUUID } from 'node:crypto';
import type { Locks } from '../../registry/storage/locks.ts';
import type { SwiftClient } from './client.ts';
import { CREATOR, look } from './head.ts';
import { md5Of } from './put.ts';

/**
 * Creates an object unless it exists. Swift's own `If-None-Match: *` lets several racers win, so a lock is held; the
 * header is sent too, for a request that took longer to arrive than the lock lasted.
 */
export async function createObject(
  client: SwiftClient,
  locks: Locks,
  name: string,
  body: Buffer,
  signal?: AbortSignal,
): Promise<'created' | 'exists'> {
  signal?.throwIfAborted();
  // Finds most existing objects without a lock.
  if ((await look(client, name, signal)) !== undefined) return 'exists';
  return locks.withLock(`swift ${client.names.container}/${name}`, async (held) => {
    const both = signal ? AbortSignal.any([signal, held]) : held;
    if ((await look(client, name, both)) !== undefined) return 'exists';
    const creator = randomUUID();
    const { status } = await client.ask({
      method: 'PUT',
      name,
      headers: {
        'content-type': 'application/octet-stream',
        etag: md5Of(body),
        'if-none-match': '*',
        [CREATOR]: creator,
      },
      body,
      expects: [201, 412],
      signal: both,
    });
    // 412 after an attempt whose answer was lost: it may be ours that is there.
    const isOurs = status === 201 || (await look(client, name, both))?.creator === creator;
    both.throwIfAborted();
    return isOurs ? 'created' : 'exists';
  });
}

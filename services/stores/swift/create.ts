import { randomUUID } from 'node:crypto';
import type { Locks } from '../../registry/storage/locks.ts';
import type { SwiftClient } from './client.ts';
import { CREATOR, look } from './head.ts';
import { md5Of } from './write.ts';

/**
 * Writes an object unless it exists. Swift's own `If-None-Match: *` lets several concurrent requests succeed, so it is
 * done under a lock; the condition is still sent, for a request that was in transit for longer than its lock lasted.
 */
export async function createObject(
  client: SwiftClient,
  locks: Locks,
  name: string,
  body: Buffer,
  signal?: AbortSignal,
): Promise<'created' | 'exists'> {
  signal?.throwIfAborted();
  // A cheap check finds most existing objects.
  if ((await look(client, name, signal)) !== undefined) return 'exists';
  return locks.hold(`swift ${client.names.container}/${name}`, async (held) => {
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
    // 412 after an attempt whose answer was lost: the existing object may be ours.
    const isOurs = status === 201 || (await look(client, name, both))?.creator === creator;
    both.throwIfAborted();
    return isOurs ? 'created' : 'exists';
  });
}

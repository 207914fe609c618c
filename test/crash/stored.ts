import { gather } from '../support/gather.ts';
import { MemoryStore } from '../support/memory-store.ts';

/**
 * What lies in a bucket, and outlives the processes that write to it: a store in memory that can be copied, so that
 * each death begins where the one before it began. Its objects are never changed, only replaced.
 */
export class Stored extends MemoryStore {
  copy(): Stored {
    return new Stored(this.held);
  }

  /** A store of these bytes, as old as can be. */
  static of(files: Iterable<readonly [string, Buffer]>): Stored {
    return new Stored([...files].map(([key, bytes]) => [key, { bytes, modifiedAt: new Date(0) }]));
  }

  async grow(key: string, fromBytes: number, body: AsyncIterable<Buffer>): Promise<boolean> {
    const bytes = this.held.get(key)?.bytes;
    if (bytes === undefined || bytes.length < fromBytes) return false;
    this.hold(key, Buffer.concat([bytes.subarray(0, fromBytes), ...(await gather(body))]));
    return true;
  }
}

const LEASE =
  /^roadstead\/(?:mirrors|notifications\/[^/]+\/delivery|garbage\/worker)\/|\/_roadstead\/changes\//;

/**
 * Has the workers in a store be seen to be no more: the process table, by which others know that, cannot know it of a
 * part of this process.
 */
export function buryHolders(stored: Stored): void {
  for (const [key, { bytes }] of stored.held)
    if (LEASE.test(key)) stored.hold(key, bytes.toString().replace(/("holder": "[^"]+) \d+"/, '$1 0"'));
}

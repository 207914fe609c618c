/**
 * Promise: a link that Distribution has emptied and is about to write is waited for, even where a busy machine keeps it
 * from writing for a while; one that stays empty is absent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { readLink } from '../../services/registry/content/link.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { MemoryStore } from '../support/memory-store.ts';

const KEY = 'link';
const DIGEST = digestOf(Buffer.from('content'));
/** Well within the time that an emptied link is waited for. */
const PAUSE_MS = 200;

describe('a link that is found empty', () => {
  it('is read once it has been written', async () => {
    const objects = new MemoryStore();
    await objects.put(KEY, Buffer.alloc(0));
    const read = readLink(objects, KEY);
    await sleep(PAUSE_MS);
    await objects.put(KEY, Buffer.from(DIGEST));
    expect(await read).to.equal(DIGEST);
  });

  it('is absent when it stays empty', async () => {
    const objects = new MemoryStore();
    await objects.put(KEY, Buffer.alloc(0));
    expect(await readLink(objects, KEY)).to.equal(undefined);
  });
});

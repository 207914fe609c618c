/** Promise: a check knows what the collector keeps, tells what it has forgotten, and what is none of its own. */
import { expect } from 'chai';
import { checkStore } from '../../services/registry/check/check.ts';
import {
  GARBAGE_PREFIX,
  QUARANTINE_PREFIX,
  REQUEST_KEY,
} from '../../services/registry/content/quarantine/keys.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { cycle } from '../garbage/cycles.ts';
import { MemoryStore } from '../support/memory-store.ts';

const BLOB = Buffer.from('garbage');
const DAY = 24 * 3_600_000;

async function kinds(objects: MemoryStore, now: number): Promise<(readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for await (const { kind, key } of checkStore(objects, { deep: false, now: new Date(now) }).findings)
    if (kind !== 'blobs-unreferenced') found.push([kind, key]);
  return found;
}

describe('a check of what the collector keeps', () => {
  let objects: MemoryStore;
  let list: string;
  beforeEach(async () => {
    objects = new MemoryStore();
    objects.hold(blobDataKey(digestOf(BLOB)), BLOB, new Date(0));
    await cycle(objects, { at: DAY });
    objects.hold(REQUEST_KEY, '{}', new Date(0));
    list = [...objects.held.keys()].find((key) => key.startsWith(QUARANTINE_PREFIX)) ?? '';
  });

  it('finds nothing amiss', async () => {
    expect(await kinds(objects, 30 * DAY)).to.deep.equal([]);
  });

  it('reports a quarantine that nobody ends', async () => {
    expect(await kinds(objects, 32 * DAY)).to.deep.equal([['quarantine-forgotten', list]]);
  });

  it('reports what is not a list, and what nobody knows', async () => {
    const strays = [
      `${QUARANTINE_PREFIX}notes`,
      `${GARBAGE_PREFIX}announced/notes`,
      `${GARBAGE_PREFIX}other`,
    ];
    for (const key of strays) objects.hold(key, 'notes', new Date(0));
    const found = await kinds(objects, 2 * DAY);
    expect(found).to.have.deep.members(strays.map((key) => ['stray', key]));
  });
});

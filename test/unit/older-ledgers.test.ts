/**
 * Promise: what a version before the boards knew of a mirror says which blobs to look for, and sends no client there before
 * they were found at its URL.
 */
import { expect } from 'chai';
import type { MirrorName } from '../../services/registry/oci/names.ts';
import { firstLedger } from '../../services/registry/publishing/mirrors/ledger.ts';
import { olderLedger } from '../../services/registry/publishing/mirrors/older-ledgers.ts';
import { MemoryStore } from '../support/memory-store.ts';

const NEAR = 'near' as MirrorName;
const PLACE = { url: 'http://near', target: '/srv/mirror' };
/** As that version wrote it. */
const stored = (watermark: number) =>
  JSON.stringify({
    ...{ version: 1, holder: '', beat: 7, beatAt: '2001-01-01T00:00:00Z', watermark, missing: [] },
    health: { state: 'up', since: '2001-01-01T00:00:00Z' },
  });

describe('the ledger of a mirror from a version before the boards', () => {
  it('names what to look for, and vouches for none of it', async () => {
    const objects = new MemoryStore();
    objects.hold('roadstead/mirrors/near/0000000003.json', stored(2));
    objects.hold('roadstead/mirrors/near/0000000012.json', stored(41));
    const ledger = await olderLedger(objects, NEAR, PLACE);
    expect(ledger).to.deep.include({ place: PLACE, watermark: 41, confirmed: 0, missing: [] });
    expect(firstLedger(ledger, PLACE)).to.deep.include({ watermark: 41, confirmed: 0 });
  });

  it('is nothing where there is none, or where it knew nothing', async () => {
    const objects = new MemoryStore();
    expect(await olderLedger(objects, NEAR, PLACE)).to.equal(undefined);
    objects.hold('roadstead/mirrors/near/0000000001.json', stored(0));
    expect(await olderLedger(objects, NEAR, PLACE)).to.equal(undefined);
  });
});

/** Promise: the table of digests that checks and collections rest on is a map, at the memory it says. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { DigestTable } from '../../services/registry/storage/digest-table.ts';
import { run } from '../support/process.ts';

const TABLE = new URL('../../services/registry/storage/digest-table.ts', import.meta.url);
const DIGESTS = 200_000;
const MEASURE = `
  import { createHash } from 'node:crypto';
  import { DigestTable } from ${JSON.stringify(TABLE.href)};
  import { setTimeout as sleep } from 'node:timers/promises';
  // V8 frees buffers on a thread of its own, a while after the collection.
  const used = async () => {
    let least = Infinity;
    for (let i = 0; i < 20; i++) {
      globalThis.gc();
      await sleep(20);
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      least = Math.min(least, heapUsed + arrayBuffers);
    }
    return least;
  };
  const before = await used();
  const table = new DigestTable();
  for (let i = 0; i < ${DIGESTS}; i++)
    table.set('sha256:' + createHash('sha256').update(String(i)).digest('hex'), i);
  console.log(((await used()) - before) / table.size);
`;

const digestOf = (hex: string) => `sha256:${hex}` as Sha256Digest;

describe('the table of digests', () => {
  it('holds what a map holds, also of digests that begin alike', () => {
    // Few different beginnings, so that many want the same slot.
    const digest = fc
      .tuple(fc.nat(3), fc.nat(200))
      .map(([start, end]) => digestOf(`${start}`.repeat(8) + end.toString(16).padStart(56, '0')));
    fc.assert(
      fc.property(fc.array(fc.tuple(digest, fc.nat(5)), { maxLength: 300 }), (writes) => {
        const [table, map] = [new DigestTable(), new Map<Sha256Digest, number>()];
        for (const [key, value] of writes) {
          table.set(key, value);
          map.set(key, value);
        }
        expect(table.size).to.equal(map.size);
        expect(new Map(table.entries())).to.deep.equal(map);
        for (const key of map.keys()) expect(table.get(key)).to.equal(map.get(key));
        expect(table.has(digestOf('f'.repeat(64)))).to.equal(false);
      }),
    );
  });

  it('takes at most 115 bytes a digest', async () => {
    const { stdout } = await run(process.execPath, ['--expose-gc', '--input-type=module', '--eval', MEASURE]);
    expect(Number(stdout)).to.be.within(40, 115);
  });
});

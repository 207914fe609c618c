/** Promise: a fence is asked before each attempt of a write, and what it refuses is not done. */
import { expect } from 'chai';
import { WatchedFence } from '../support/watched-fence.ts';
import { type Area, inChunks, rejection } from './area.ts';

/** More than one part, or one segment, of the backends with small ones. */
const LARGE = Buffer.alloc(11 * 1024 * 1024, 'x');

export function describeFencing(area: () => Area): void {
  describe('fencing', () => {
    const put = (fence: WatchedFence, body: Buffer | AsyncIterable<Buffer> = Buffer.from('new')) =>
      area().store.put(area().key('object'), body, { fence });
    const remove = (fence: WatchedFence, names: readonly string[]) =>
      area().store.delete(
        names.map((name) => area().key(name)),
        undefined,
        { fence },
      );
    const refusing = () => new WatchedFence(() => true);

    const bodies: readonly [what: string, body: () => Buffer | AsyncIterable<Buffer>, bytes: Buffer][] = [
      ['a small object', () => Buffer.from('new'), Buffer.from('new')],
      ['a large object', () => LARGE, LARGE],
      ['an object from a stream', () => inChunks([LARGE, Buffer.from('new')]), LARGE],
    ];
    for (const [what, body, bytes] of bodies) {
      it(`asks before it writes ${what}, and has no doubt then`, async () => {
        const fence = new WatchedFence();
        await put(fence, body());
        expect(fence).to.include({ doubts: 0 });
        expect(fence.checks).to.be.at.least(1);
        expect((await area().read('object'))?.subarray(0, bytes.length).equals(bytes)).to.equal(true);
      });

      for (const before of [undefined, 'what was there'])
        it(`leaves ${before ?? 'nothing'} when ${what} is refused`, async () => {
          if (before !== undefined) await area().put('object', before);
          const fence = refusing();
          expect(await rejection(put(fence, body()))).to.equal(fence.refusal);
          expect(fence).to.include({ checks: 1, doubts: 0 });
          await area().expect('object', before);
          expect(await area().names()).to.deep.equal(before === undefined ? [] : ['object']);
        });
    }

    for (const count of [1, 2, 40]) {
      const names = Array.from({ length: count }, (_, i) => `many/${String(i).padStart(2, '0')}`);
      const putAll = () => Promise.all(names.map((name) => area().put(name, name)));

      it(`asks before it deletes ${count}, and has no doubt then`, async () => {
        await putAll();
        const fence = new WatchedFence();
        await remove(fence, [...names, 'absent']);
        expect(fence).to.include({ doubts: 0 });
        expect(fence.checks).to.be.at.least(1);
        expect(await area().names()).to.deep.equal([]);
      });

      it(`keeps all ${count} when their deletion is refused`, async () => {
        await putAll();
        const fence = refusing();
        expect(await rejection(remove(fence, names))).to.equal(fence.refusal);
        expect(fence).to.include({ doubts: 0 });
        expect(await area().names()).to.deep.equal(names);
      });
    }

    it('keeps what it would have deleted after a refusal', async () => {
      const names = ['a', 'b', 'c'];
      for (const name of names) await area().put(name, name);
      const fence = new WatchedFence(({ checks }) => checks > 1);
      // Where one request deletes them all, one check is enough for all.
      const outcome = await remove(fence, names).catch((error: unknown) => error);
      const left = await area().names();
      if (fence.checks > 1) {
        expect(outcome).to.equal(fence.refusal);
        expect(left).to.have.length(names.length - 1);
      } else expect(left).to.deep.equal([]);
    });
  });
}

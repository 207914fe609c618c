/** Promise: objects are read whole, in ranges, and only as far as the reader wants. */
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Area, bytesOf, rejection } from './area.ts';

export function describeReading(area: () => Area): void {
  describe('reading', () => {
    for (const sizeBytes of [0, 1, 1000, 3 * 1024 * 1024 + 1])
      it(`gives an object of ${sizeBytes} bytes back, with its size`, async () => {
        const content = bytesOf(sizeBytes);
        await area().put('object', content);
        await area().expect('object', content);
      });

    it('has nothing to say of an object that is not there', async () => {
      const { store } = area();
      const key = area().key('absent');
      expect(await store.stat(key)).to.equal(undefined);
      expect(await store.get(key)).to.equal(undefined);
      expect(await store.get(key, { first: 0, last: 0 })).to.equal(undefined);
      expect(await store.read(key, 100)).to.equal(undefined);
    });

    it('finds no object at a mere part of a key, nor below one', async () => {
      await area().put('a/b/c', 'content');
      for (const name of ['a', 'a/b', 'a/b/c/d']) {
        const [store, key] = [area().store, area().key(name)];
        expect(await store.stat(key), `stat of ${name}`).to.equal(undefined);
        expect(await store.get(key), `get of ${name}`).to.equal(undefined);
        expect(await store.read(key, 10), `read of ${name}`).to.equal(undefined);
      }
    });

    it('reports when an object was written', async () => {
      await area().put('object', 'content');
      const stat = await area().store.stat(area().key('object'));
      const got = await area().store.get(area().key('object'));
      got?.body.destroy();
      for (const each of [stat, got])
        expect(Math.abs(Date.now() - (each?.modifiedAt.getTime() ?? 0))).to.be.below(60_000);
    });

    it('reads whole objects up to a limit, and refuses larger ones', async () => {
      await area().put('object', bytesOf(1000));
      const key = area().key('object');
      expect(await area().store.read(key, 1000)).to.have.length(1000);
      expect(await rejection(area().store.read(key, 999))).to.be.instanceOf(Error);
    });

    it('reads any range', async () => {
      const content = bytesOf(700_000);
      await area().put('object', content);
      const position = fc.integer({ min: 0, max: content.length - 1 });
      const edges = fc.constantFrom(0, 1, 262_143, 262_144, content.length - 2, content.length - 1);
      const place = fc.oneof(position, edges);
      await fc.assert(
        fc.asyncProperty(place, place, async (a, b) => {
          const range = { first: Math.min(a, b), last: Math.max(a, b) };
          const got = await area().store.get(area().key('object'), range);
          expect(got?.sizeBytes, 'the size is that of the whole').to.equal(content.length);
          const part = got && (await buffer(got.body));
          expect(part?.equals(content.subarray(range.first, range.last + 1))).to.equal(true);
        }),
        {
          numRuns: 60,
          examples: [
            [0, 0],
            [0, content.length - 1],
          ],
        },
      );
    });

    it('can be left in the middle', async () => {
      await area().put('object', bytesOf(2_000_000));
      const got = await area().store.get(area().key('object'));
      for await (const chunk of got?.body ?? []) {
        expect(chunk).to.have.property('length').that.is.above(0);
        break;
      }
      expect(got?.body.destroyed).to.equal(true);
      await area().expect('object', await area().read('object'));
    });

    it('ends, with an error, when its signal aborts', async () => {
      await area().put('object', bytesOf(8_000_000));
      const controller = new AbortController();
      const got = await area().store.get(area().key('object'), undefined, controller.signal);
      if (got === undefined) throw new Error('the object is not there');
      await once(got.body, 'readable');
      controller.abort();
      expect(await rejection(buffer(got.body))).to.have.property('name', 'AbortError');
    });
  });
}

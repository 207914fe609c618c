/** Promise: any number of writers and readers may meet at a key: one creates it, and nobody ever sees a part. */
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { type Area, bytesOf } from './area.ts';

export function describeRacing(area: () => Area): void {
  describe('racing', () => {
    it("lets exactly one of sixteen create an object, and keeps that one's bytes", async () => {
      for (let round = 0; round < 10; round++) {
        const key = area().key(`new/${round}/object`);
        const bodies = Array.from({ length: 16 }, (_, i) => Buffer.from(`racer ${i} of round ${round}`));
        const outcomes = await Promise.all(bodies.map((body) => area().store.putIfAbsent(key, body)));
        const winners = bodies.filter((_, i) => outcomes[i] === 'created');
        expect(winners).to.have.length(1);
        expect(outcomes.filter((outcome) => outcome === 'exists')).to.have.length(15);
        await area().expect(`new/${round}/object`, winners[0]);
      }
    });

    it('keeps one of several replacements whole', async () => {
      const bodies = Array.from({ length: 8 }, (_, i) => bytesOf(100_000 + i));
      for (let round = 0; round < 5; round++) {
        await Promise.all(bodies.map((body) => area().put('object', body)));
        const found = await area().read('object');
        expect(bodies.some((body) => found?.equals(body))).to.equal(true);
      }
    });

    it('shows readers the old bytes or the new ones, whole, while an object is replaced', async () => {
      const versions = [Buffer.alloc(300_000, 'a'), Buffer.alloc(150_000, 'b'), Buffer.alloc(10, 'c')];
      const isWhole = (found: Buffer | undefined) => versions.some((version) => found?.equals(version));
      await area().put('object', versions[0]);
      const key = area().key('object');
      let writing = true;
      const write = async () => {
        for (let i = 0; i < 150; i++)
          await area().store.put(key, versions[i % versions.length] ?? Buffer.alloc(0), { durable: false });
        writing = false;
      };
      const read = async () => {
        while (writing) expect(isWhole(await area().store.read(key, 1_000_000)), 'read').to.equal(true);
      };
      const get = async () => {
        while (writing) {
          const got = await area().store.get(key);
          const found = got && (await buffer(got.body));
          expect(found?.length, 'bytes of get, and the size that it tells').to.equal(got?.sizeBytes);
          expect(isWhole(found), 'get').to.equal(true);
        }
      };
      const readers = [read(), read(), get(), get(), get()];
      await allOf([write(), ...readers]);
    });

    it('writes next to an object that is being deleted', async () => {
      await area().put('source', 'new');
      for (let round = 0; round < 100; round++) {
        await area().put(`shared/${round}/old`, 'old');
        const names = ['put', 'created', 'composed'].map((name) => `shared/${round}/${name}`);
        const [put = '', created = '', composed = ''] = names.map((name) => area().key(name));
        await allOf([
          area().store.delete([area().key(`shared/${round}/old`)]),
          area().store.put(put, Buffer.from('new')),
          area().store.putIfAbsent(created, Buffer.from('new')),
          area().store.compose([area().key('source')], composed),
        ]);
        for (const name of names) await area().expect(name, 'new');
      }
    });

    it('writes and deletes the last object of a prefix at once, over and over', async () => {
      const key = area().key('deep/er/object');
      for (let round = 0; round < 400; round++) {
        await allOf([
          area().store.put(key, Buffer.from('new')),
          area().store.delete([key]),
          area().store.putIfAbsent(key, Buffer.from('new')),
          area().store.delete([key]),
        ]);
        const found = await area().read('deep/er/object');
        expect(found === undefined || found.equals(Buffer.from('new'))).to.equal(true);
      }
    });
  });
}

/** Waits for all to end, then throws if one has failed. */
async function allOf(promises: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises);
  await Promise.all(promises);
}

/** Promise: an object is made of others in order, without them; the others stay, and go their own ways afterwards. */
import { expect } from 'chai';
import { type Area, bytesOf, rejection } from './area.ts';

export function describeComposing(area: () => Area): void {
  describe('composing', () => {
    const compose = (sources: readonly string[], target: string) =>
      area().store.compose(
        sources.map((source) => area().key(source)),
        area().key(target),
      );

    for (const sizes of [
      [],
      [1000],
      [0],
      [3, 0, 5],
      [2_000_000, 1, 700_000],
      // Larger than the least part of S3: sources that may have been written in parts, and are copied in parts.
      [6_000_000, 1, 11_000_000],
      Array.from({ length: 20 }, () => 10),
    ])
      for (const onto of ['nothing', 'an object'])
        it(`makes one object of ${sizes.length} (${sizes.slice(0, 3).join(', ')} bytes), onto ${onto}`, async () => {
          const contents = sizes.map(bytesOf);
          const sources = contents.map((_, i) => `source-${i}`);
          for (const [i, content] of contents.entries()) await area().put(`source-${i}`, content);
          if (onto === 'an object') await area().put('some/target', bytesOf(5000));
          await compose(sources, 'some/target');
          await area().expect('some/target', Buffer.concat(contents));
          for (const [i, content] of contents.entries()) await area().expect(`source-${i}`, content);
        });

    it('takes the same source more than once', async () => {
      await area().put('a', 'ab');
      await compose(['a', 'a', 'a'], 'target');
      await area().expect('target', 'ababab');
    });

    for (const count of [1, 2]) {
      const sources = ['first', 'second'].slice(0, count);
      const made = 'onetwo'.slice(0, 3 * count);
      beforeEach(async () => {
        await area().put('first', 'one');
        await area().put('second', 'two');
      });

      it(`of ${count}: what was made does not change when its sources are replaced`, async () => {
        await compose(sources, 'target');
        for (const source of sources) await area().put(source, 'replaced by something longer');
        await area().expect('target', made);
      });

      it(`of ${count}: what was made stays when its sources are deleted`, async () => {
        await compose(sources, 'target');
        await area().store.delete(sources.map((source) => area().key(source)));
        await area().expect('target', made);
        for (const source of sources) await area().expect(source, undefined);
      });

      it(`of ${count}: the sources stay when what was made is replaced or deleted`, async () => {
        await compose(sources, 'target');
        await area().put('target', 'another');
        await area().expect('first', 'one');
        await area().store.delete([area().key('target')]);
        await area().expect('first', 'one');
        await area().expect('second', 'two');
      });

      it(`of ${count}: leaves the target as it was when a source is not there`, async () => {
        const withAbsent = [...sources.slice(1), 'absent'];
        await rejection(compose(withAbsent, 'target'));
        await area().expect('target', undefined);
        await area().put('target', 'old');
        await rejection(compose(withAbsent, 'target'));
        await area().expect('target', 'old');
      });
    }

    it('gives the target its own time', async () => {
      await area().put('a', 'content');
      await compose(['a'], 'target');
      const stat = await area().store.stat(area().key('target'));
      expect(Math.abs(Date.now() - (stat?.modifiedAt.getTime() ?? 0))).to.be.below(60_000);
    });
  });
}

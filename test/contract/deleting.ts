/** Promise: deleted objects are gone at once, others are untouched, and nothing else remains of them. */
import { expect } from 'chai';
import type { Area } from './area.ts';

export function describeDeleting(area: () => Area): void {
  describe('deleting', () => {
    const remove = (...names: string[]) => area().store.delete(names.map((name) => area().key(name)));

    it('takes exactly the objects that it names', async () => {
      for (const name of ['a', 'ab', 'a-b', 'b/c', 'b/d']) await area().put(name, name);
      await remove('a', 'b/c');
      expect(await area().names()).to.deep.equal(['a-b', 'ab', 'b/d']);
      await area().expect('a', undefined);
      await area().expect('b/d', 'b/d');
    });

    it('does not mind what is not there, nor being asked for nothing', async () => {
      await area().put('a', 'content');
      await remove();
      await remove('absent', 'a', 'absent/below', 'a');
      await remove('a');
      expect(await area().names()).to.deep.equal([]);
    });

    it('takes no object for another whose key begins or continues with it', async () => {
      await area().put('a/b/c', 'content');
      await remove('a', 'a/b', 'a/b/c/d');
      await area().expect('a/b/c', 'content');
    });

    it('takes more at once than a request to any object store may name', async () => {
      const names = Array.from({ length: 1100 }, (_, i) => `many/${i % 7}/${i}`);
      await Promise.all(
        names.map((name) => area().store.put(area().key(name), Buffer.from('x'), { durable: false })),
      );
      await remove(...names);
      expect(await area().names()).to.deep.equal([]);
    });

    it('leaves no common prefix behind, so that an object may be called what was one', async () => {
      await area().put('a/b/c', 'content');
      await remove('a/b/c');
      const page = await area().store.list({ prefix: area().prefix, delimiter: '/', limit: 10 });
      expect(page.prefixes).to.deep.equal([]);
      await area().put('a', 'an object now');
      await area().expect('a', 'an object now');
    });

    it('does not hinder a reader that has begun', async () => {
      const content = Buffer.alloc(4_000_000, 'x');
      await area().put('object', content);
      const got = await area().store.get(area().key('object'));
      await remove('object');
      let sizeBytes = 0;
      for await (const chunk of got?.body ?? []) sizeBytes += (chunk as Buffer).length;
      expect(sizeBytes).to.equal(content.length);
    });
  });
}

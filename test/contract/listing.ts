/** Promise: keys are listed in the order of their bytes, in pages that together are the whole. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { ListPage, ListRequest } from '../../services/registry/storage/object-store.ts';
import type { Area } from './area.ts';
import { inByteOrder, listByHand } from './memory-twin.ts';

export function describeListing(area: () => Area): void {
  describe('listing', () => {
    type Request = Omit<ListRequest, 'limit'> & { limit?: number };

    /** Lists the test's own area, or a part of it, as if it were the whole store. */
    async function list({ prefix, startAfter, ...rest }: Request, part = ''): Promise<ListPage> {
      const own = area().key(part);
      const request = {
        limit: 1000,
        ...rest,
        prefix: own + prefix,
        ...(startAfter !== undefined && { startAfter: own + startAfter }),
      };
      const page = await area().store.list(request);
      const bare = (key: string) => key.slice(own.length);
      return {
        keys: page.keys.map(bare),
        prefixes: page.prefixes.map(bare),
        next: page.next && bare(page.next),
      };
    }

    const put = async (...names: string[]) => {
      for (const name of names)
        await area().store.put(area().key(name), Buffer.from(name), { durable: false });
    };

    it('of nothing is empty', async () => {
      const nothing = { keys: [], prefixes: [], next: undefined };
      expect(await list({ prefix: '' })).to.deep.equal(nothing);
      expect(await list({ prefix: 'a/b/', delimiter: '/' })).to.deep.equal(nothing);
    });

    it('is in the order of the bytes of whole keys, whatever is on both sides of the slash', async () => {
      const keys = [
        'a+b',
        'a-b',
        'a.b',
        'a/-',
        'a/.b'.replace('.', '0'),
        'a/b',
        'a/b-c/d',
        'a0b',
        'aA',
        'a_b',
        'ab',
        'b',
      ];
      await put(...[...keys].reverse());
      expect((await list({ prefix: '' })).keys).to.deep.equal(keys);
    });

    it('takes a prefix anywhere, not only at a slash', async () => {
      await put('ab', 'abc/d', 'abc/e', 'abd', 'b/abc');
      expect((await list({ prefix: 'ab' })).keys).to.deep.equal(['ab', 'abc/d', 'abc/e', 'abd']);
      expect((await list({ prefix: 'abc' })).keys).to.deep.equal(['abc/d', 'abc/e']);
      expect((await list({ prefix: 'abc/' })).keys).to.deep.equal(['abc/d', 'abc/e']);
      expect((await list({ prefix: 'abc/d' })).keys).to.deep.equal(['abc/d']);
      expect((await list({ prefix: 'abc/d/' })).keys).to.deep.equal([]);
      expect(await list({ prefix: 'ab', delimiter: '/' })).to.deep.equal({
        keys: ['ab', 'abd'],
        prefixes: ['abc/'],
        next: undefined,
      });
    });

    it('folds at the first slash after the prefix, and distinguishes keys from common prefixes', async () => {
      await put('a/b/c', 'a/b/d', 'a/e', 'a-f', 'g');
      expect(await list({ prefix: '', delimiter: '/' })).to.deep.include({
        keys: ['a-f', 'g'],
        prefixes: ['a/'],
      });
      expect(await list({ prefix: 'a/', delimiter: '/' })).to.deep.include({
        keys: ['a/e'],
        prefixes: ['a/b/'],
      });
    });

    it('continues after a key, after a common prefix, and after what is neither', async () => {
      await put('a/b', 'a/c', 'b', 'c/d');
      expect((await list({ prefix: '', startAfter: 'a/b' })).keys).to.deep.equal(['a/c', 'b', 'c/d']);
      expect((await list({ prefix: '', startAfter: 'a/bb' })).keys).to.deep.equal(['a/c', 'b', 'c/d']);
      const folded = await list({ prefix: '', startAfter: 'a/', delimiter: '/' });
      expect(folded).to.deep.include({ keys: ['b'], prefixes: ['c/'] });
      expect((await list({ prefix: 'a/', startAfter: 'z' })).keys).to.deep.equal([]);
      expect((await list({ prefix: 'c', startAfter: 'a' })).keys).to.deep.equal(['c/d']);
    });

    const plain = ['a', 'b', 'ab', 'a-', 'a.', 'a0', '-', '0', '~', 'A', '_'];
    it('is what a plain look through all keys finds, whole and page by page', () => compareWithTwin(plain));
    async function compareWithTwin(segments: readonly string[]): Promise<void> {
      const segment = fc.constantFrom(...segments);
      const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
      const keySet = fc.uniqueArray(path, { maxLength: 12 }).map(withoutParents);
      const place = fc.oneof(
        path,
        path.map((text) => `${text}/`),
        fc.constant(''),
      );
      const request = fc.record(
        {
          prefix: place,
          startAfter: place,
          delimiter: fc.constant('/' as const),
          limit: fc.integer({ min: 1, max: 4 }),
        },
        { requiredKeys: ['prefix', 'limit'] },
      );
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(
          keySet,
          fc.array(request, { minLength: 1, maxLength: 6 }),
          async (keys, requests) => {
            const part = `run-${runs++}/`;
            await put(...keys.map((key) => part + key));
            for (const each of requests) {
              const whole = { ...each, limit: 1000 };
              const { next: _, ...expected } = listByHand(keys, whole);
              expect(await list(whole, part), JSON.stringify(whole)).to.deep.include(expected);
              expect(await pages(each, part), `${JSON.stringify(each)} page by page`).to.deep.equal(
                [...expected.keys, ...expected.prefixes].sort(inByteOrder),
              );
            }
          },
        ),
        { numRuns: 60 },
      );
    }

    /** Follows `next` to the end; every page but the last is full. */
    async function pages(request: Request & { limit: number }, part: string): Promise<string[]> {
      const names: string[] = [];
      for (let { startAfter } = request; ; ) {
        const page = await list({ ...request, ...(startAfter !== undefined && { startAfter }) }, part);
        names.push(...[...page.keys, ...page.prefixes].sort(inByteOrder));
        if (page.next === undefined) return names;
        expect(page.keys.length + page.prefixes.length).to.equal(request.limit);
        startAfter = page.next;
      }
    }
  });
}

/** Without keys that are others' directories: file systems cannot have both, and the registry never does. */
function withoutParents(keys: readonly string[]): string[] {
  return keys.filter((key) => !keys.some((other) => other.startsWith(`${key}/`)));
}

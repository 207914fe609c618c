/**
 * Promise: pages of tags and of repositories, put together, are the whole list in the order of bytes, for any names,
 * any page size and any place to begin; over the dullest store and over the filesystem.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type Content, contentOf } from '../../services/registry/content/content.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, type RepositoryName, type Tag } from '../../services/registry/oci/names.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { inByteOrder } from '../contract/memory-twin.ts';
import { gather } from '../support/gather.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { tempDir } from '../support/temp.ts';
import { closeName, closeTag, placeInList, repositoryName, tag } from './arbitraries.ts';

const DIGEST = digestOf(Buffer.from('manifest'));
const TARGET = { canonicalDigest: DIGEST, digest: DIGEST };
const HELLO = parseRepositoryName('hello');
const pageSize = fc.integer({ min: 1, max: 12 });

interface Stores {
  readonly name: string;
  readonly numRuns: number;
  /** An empty store, for as long as it is used. */
  readonly open: () => Promise<AsyncDisposable & { readonly objects: ObjectStore }>;
}

const STORES: readonly Stores[] = [
  {
    name: 'memory',
    numRuns: 400,
    open: async () => ({ objects: new MemoryStore(), [Symbol.asyncDispose]: async () => undefined }),
  },
  {
    name: 'the filesystem',
    numRuns: 60,
    open: async () => {
      const home = await tempDir('paging');
      const objects = await FilesystemStore.open({ rootDirectory: home.path, sync: false });
      return { objects, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
    },
  },
];

/** Pages until there are no more; each but the last has to be full. */
async function pages<T extends string>(
  list: (page: { last: string | undefined; limit: number }) => Promise<{ names: T[]; more: boolean }>,
  limit: number,
  first: string,
): Promise<T[]> {
  const found: T[] = [];
  for (let last: string | undefined = first || undefined; ; ) {
    const { names, more } = await list({ last, limit });
    found.push(...names);
    if (!more) return found;
    expect(names, 'a page with another behind it').to.have.length(limit);
    last = names.at(-1);
  }
}

function behind(names: readonly string[], last: string): string[] {
  return names.filter((name) => last === '' || inByteOrder(name, last) > 0).sort(inByteOrder);
}

async function tagPages(content: Content, limit: number, first = ''): Promise<Tag[]> {
  return pages(
    async (page) => {
      const { tags, more } = await content.tags.list(HELLO, page);
      return { names: tags, more };
    },
    limit,
    first,
  );
}

async function catalogPages(content: Content, limit: number, first = ''): Promise<RepositoryName[]> {
  return pages(
    async (page) => {
      const { repositories, more } = await content.catalog.list(page);
      return { names: repositories, more };
    },
    limit,
    first,
  );
}

for (const { name, numRuns, open } of STORES)
  describe(`pages over ${name}`, function () {
    this.timeout(60_000);

    it('of tags are all tags in order', async () => {
      const tags = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: closeTag }, tag), { maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(tags, pageSize, placeInList, async (names, limit, last) => {
          await using store = await open();
          const content = contentOf(store.objects);
          for (const each of names) await content.tags.move(HELLO, each, TARGET, OPEN_FENCE);
          expect(await tagPages(content, limit)).to.deep.equal(behind(names, ''));
          expect(await tagPages(content, limit, last)).to.deep.equal(behind(names, last));
          expect(await content.tags.list(HELLO, { last, limit: 0 })).to.deep.equal({ tags: [], more: false });
        }),
        { numRuns },
      );
    });

    it('of tags have no tag that was deleted', async () => {
      const tags = fc.uniqueArray(closeTag, { minLength: 1, maxLength: 15 });
      await fc.assert(
        fc.asyncProperty(tags, fc.nat(), pageSize, async (names, keep, limit) => {
          await using store = await open();
          const content = contentOf(store.objects);
          for (const each of names) await content.tags.move(HELLO, each, TARGET, OPEN_FENCE);
          const kept = names.filter((_, i) => (keep >> i) & 1);
          for (const each of names)
            if (!kept.includes(each)) await content.tags.delete(HELLO, [each], OPEN_FENCE);
          expect(await tagPages(content, limit)).to.deep.equal(behind(kept, ''));
        }),
        { numRuns },
      );
    });

    it('of repositories are all that hold manifests, in order', async () => {
      const repositories = fc.uniqueArray(fc.oneof({ weight: 4, arbitrary: closeName }, repositoryName), {
        maxLength: 20,
      });
      await fc.assert(
        fc.asyncProperty(repositories, fc.nat(), pageSize, placeInList, async (names, bare, limit, last) => {
          await using store = await open();
          const content = contentOf(store.objects);
          const withManifests: RepositoryName[] = [];
          for (const [i, each] of names.entries())
            if ((bare >> i) & 1) await content.blobs.link(each, DIGEST);
            else {
              await content.tags.move(each, 'latest' as Tag, TARGET, OPEN_FENCE);
              withManifests.push(each);
            }
          expect(await catalogPages(content, limit)).to.deep.equal(behind(withManifests, ''));
          expect(await catalogPages(content, limit, last)).to.deep.equal(behind(withManifests, last));
          const all = await gather(content.catalog.all());
          expect(all.sort(inByteOrder)).to.deep.equal(behind(withManifests, ''));
        }),
        { numRuns },
      );
    });
  });

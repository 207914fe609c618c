/**
 * Promise: the lists of tags, repositories and referrers come in pages that a client follows by `Link` alone, and put
 * together they are the whole in the order of bytes, whatever the names are and however large a page is.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { putManifest } from './pushing.ts';
import { expectError, jsonOf, send } from './wire.ts';

const { bytes: EMPTY_INDEX } = manifestOf(MEDIA_TYPES.index, { manifests: [] });
const TAGS_MAX = 20;
const CATALOG_MAX = 15;

describe('pages of lists', function () {
  this.timeout(60_000);
  let registry: TestRegistry;
  before(async () => {
    const config = (own: Readonly<Record<string, unknown>>) => ({
      ...own,
      tags: { maxtags: TAGS_MAX },
      catalog: { maxentries: CATALOG_MAX },
    });
    registry = await startRegistry({ promotion: false, config });
  });
  after(() => registry[Symbol.asyncDispose]());

  async function push(name: string, tag: string): Promise<void> {
    const put = await putManifest(registry.url, name, tag, EMPTY_INDEX, MEDIA_TYPES.index);
    expect(put.status, put.body.toString()).to.equal(201);
  }

  interface Page {
    readonly names: readonly string[];
    readonly next: string | undefined;
  }

  async function page(target: string): Promise<Page> {
    const answer = await send(registry.url, target);
    expect(answer.status, answer.body.toString()).to.equal(200);
    expect(answer.headers['content-type']).to.equal('application/json');
    const { tags, repositories } = jsonOf(answer) as { tags?: string[]; repositories?: string[] };
    const link = answer.headers['link'];
    const next = link === undefined ? undefined : /^<([^>]+)>; rel="next"$/.exec(String(link));
    expect(next, 'a link of the usual form').not.to.equal(null);
    return { names: tags ?? repositories ?? [], next: next?.[1] };
  }

  async function pagesFrom(target: string): Promise<(readonly string[])[]> {
    const pages = [];
    for (let next: string | undefined = target; next !== undefined; ) {
      const one = await page(next);
      pages.push(one.names);
      next = one.next;
    }
    return pages;
  }

  const sorted = (names: Iterable<string>) =>
    [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

  it('of tags are the whole, for any tags and any n, also if Link alone says how to continue', async () => {
    const known = new Set<string>();
    const tag = fc.stringMatching(/^[aA1_][aA1._-]{0,3}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(tag, { maxLength: 5 }),
        fc.integer({ min: 1, max: 30 }),
        async (added, n) => {
          for (const each of ['a', ...added]) {
            await push('tagged', each);
            known.add(each);
          }
          const limit = Math.min(n, TAGS_MAX);
          const pages = await pagesFrom(`/v2/tagged/tags/list?n=${n}`);
          expect(pages.flat()).to.deep.equal(sorted(known));
          for (const each of pages.slice(0, -1)) expect(each).to.have.length(limit);
          expect(pages.length).to.equal(Math.ceil(known.size / limit));
          expect((await pagesFrom('/v2/tagged/tags/list')).flat()).to.deep.equal(sorted(known));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('of repositories are the whole, for any names and any n; those that hold no manifest are left out', async () => {
    const known = new Set(['tagged']);
    const name = fc.stringMatching(/^[a1](?:(?:\.|_|-|\/)[a1]){0,3}$/);
    await send(registry.url, '/v2/only-an-upload/blobs/uploads/', { method: 'POST' });
    await push('tagged', 'a');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { maxLength: 4 }),
        fc.integer({ min: 1, max: 20 }),
        async (added, n) => {
          for (const each of added) {
            await push(each, 'a');
            known.add(each);
          }
          expect((await pagesFrom(`/v2/_catalog?n=${n}`)).flat()).to.deep.equal(sorted(known));
          expect((await pagesFrom('/v2/_catalog')).flat()).to.deep.equal(sorted(known));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('of repositories continue after any place', async () => {
    const [all = []] = await pagesFrom(`/v2/_catalog?n=${CATALOG_MAX}`);
    for (const last of [
      '',
      '0',
      'a',
      'a-',
      'a/',
      'a/a',
      'a//',
      'tagged',
      'zzz',
      '~',
      '..',
      '/',
      '%',
      '\0',
      'ä',
    ]) {
      const found = await page(`/v2/_catalog?n=${CATALOG_MAX}&last=${encodeURIComponent(last)}`);
      const expected = all.filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(last)) > 0);
      expect(found.names.slice(0, expected.length), JSON.stringify(last)).to.deep.equal(expected);
    }
  });

  it('hold no more than the operator allows, however many are asked for', async () => {
    for (let i = 0; i < TAGS_MAX + 5; i++) await push(`many/${String(i).padStart(3, '0')}`, 'a');
    for (let i = 0; i < TAGS_MAX + 5; i++) await push('many', `t${i}`);
    for (const query of ['', '?n=1000', '?n=999999999']) {
      // Without n, tags are all there; docker-registry and Distribution 3 heed their limits only with it.
      const tags = query === '' ? TAGS_MAX + 5 : TAGS_MAX;
      expect((await page(`/v2/many/tags/list${query}`)).names).to.have.length(tags);
      expect((await page(`/v2/_catalog${query}`)).names).to.have.length(CATALOG_MAX);
    }
  });

  it('are empty and lead nowhere when none are asked for', async () => {
    for (const target of ['/v2/_catalog?n=0', '/v2/many/tags/list?n=0', '/v2/many/tags/list?n=0&last=t1'])
      expect(await page(target), target).to.deep.equal({ names: [], next: undefined });
  });

  for (const n of ['-1', 'x', '1.5', '1e9', '', '+1', '%201', '99999999999999999999'])
    it(`are refused for n=${n}`, async () => {
      const digest = `sha256:${'a'.repeat(64)}`;
      for (const path of ['/v2/_catalog', '/v2/many/tags/list', `/v2/many/referrers/${digest}`])
        expectError(await send(registry.url, `${path}?n=${n}`), 400, 'PAGINATION_NUMBER_INVALID');
    });

  it('are refused when a parameter is given twice', async () => {
    for (const query of ['n=1&n=1', 'last=a&last=a'])
      for (const path of ['/v2/_catalog', '/v2/many/tags/list'])
        expectError(await send(registry.url, `${path}?${query}`), 400, 'PARAMETER_INVALID');
  });
});

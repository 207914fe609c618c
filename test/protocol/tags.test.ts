/**
 * Promise: a repository's tags are listed in the order of their bytes, whole or in pages, and pages put together are
 * the whole, whatever the tags are called.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushImage, putManifest } from './pushing.ts';
import { expectError, jsonOf, send } from './wire.ts';

describe('lists of tags', () => {
  let registry: TestRegistry;
  let image: Image;
  before(async () => {
    registry = await startRegistry({ promotion: false });
    image = await pushImage(registry.url, 'hello', 'a');
    for (const tag of [...TAGS].reverse()) await tagIt(tag);
  });
  after(() => registry[Symbol.asyncDispose]());

  // In the order of their bytes, which is not the order of `<tag>/`: "-" and "." come before "/", which comes before "0".
  const TAGS = ['1', '1-a', '1.0', '1.0-a', '1.0.1', '10', '1_0', 'A', '_', 'a', 'a-', 'a.', 'a0', 'latest'];
  async function tagIt(tag: string): Promise<void> {
    const put = await putManifest(registry.url, 'hello', tag, image.bytes, MEDIA_TYPES.image);
    expect(put.status).to.equal(201);
  }

  async function list(target: string): Promise<{ tags: string[]; next: string | undefined }> {
    const answer = await send(registry.url, target);
    expect(answer.status, answer.body.toString()).to.equal(200);
    expect(answer.headers['content-type']).to.equal('application/json');
    const { name, tags } = jsonOf(answer) as { name: string; tags: string[] };
    expect(name).to.equal('hello');
    const link =
      answer.headers['link'] === undefined
        ? undefined
        : /^<([^>]+)>; rel="next"$/.exec(String(answer.headers['link']));
    expect(link, 'a link of the usual form').not.to.equal(null);
    return { tags, next: link?.[1] };
  }

  it('are whole and in byte order when nothing is asked for', async () => {
    expect(await list('/v2/hello/tags/list')).to.deep.equal({ tags: TAGS, next: undefined });
  });

  it('continue after `last`, be it a tag or only a place between tags', async () => {
    for (const last of ['', '1', '1.0', '1.0-zzz', '0', 'latest', 'zzz', 'a', '~', '..', '%2F']) {
      const { tags } = await list(`/v2/hello/tags/list?last=${last}`);
      expect(tags, last).to.deep.equal(TAGS.filter((tag) => tag > decodeURIComponent(last)));
    }
  });

  for (const n of [1, 2, 3, 13, 14, 15, 1000])
    it(`come in pages of ${n} that follow on one another by Link`, async () => {
      const pages: string[][] = [];
      for (let target: string | undefined = `/v2/hello/tags/list?n=${n}`; target !== undefined; ) {
        const page = await list(target);
        pages.push(page.tags);
        target = page.next;
      }
      expect(pages.flat()).to.deep.equal(TAGS);
      for (const page of pages.slice(0, -1)) expect(page).to.have.length(n);
      expect(pages).to.have.length(Math.ceil(TAGS.length / n));
    });

  it('are empty, with no Link, when none are asked for', async () => {
    expect(await list('/v2/hello/tags/list?n=0')).to.deep.equal({ tags: [], next: undefined });
  });

  for (const n of ['-1', 'x', '1.5', '1e3', '', '99999999999999999999'])
    it(`are refused for n=${n}`, async () => {
      expectError(await send(registry.url, `/v2/hello/tags/list?n=${n}`), 400, 'PAGINATION_NUMBER_INVALID');
    });

  it('are unknown for a repository that is', async () => {
    expectError(await send(registry.url, '/v2/nobody/tags/list'), 404, 'NAME_UNKNOWN');
  });

  it('are in byte order and page alike whatever the tags are', async () => {
    const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,4}$/);
    const known = new Set(TAGS);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(tag, { maxLength: 4 }),
        fc.integer({ min: 1, max: 9 }),
        async (added, n) => {
          for (const each of added) await tagIt(each);
          for (const each of added) known.add(each);
          const expected = [...known].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
          const listed: string[] = [];
          for (let target: string | undefined = `/v2/hello/tags/list?n=${n}`; target !== undefined; ) {
            const page = await list(target);
            listed.push(...page.tags);
            target = page.next;
          }
          expect(listed).to.deep.equal(expected);
        },
      ),
      { numRuns: 15 },
    );
  });
});

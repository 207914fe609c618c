import { expect } from 'chai';
import { check, type Group, group, type Target } from './check.ts';
import type { Answer } from './client.ts';
import { DataSetBuilder } from './data-set.ts';
import { expectManifestDeleted } from './deleting.ts';
import { expectStatus } from './expectations.ts';
import { inTime } from './in-time.ts';
import { REPOSITORY } from './profile.ts';
import { putManifest } from './put-manifest.ts';
import { expectManifest, getManifest } from './reading.ts';
import { listTags, tagsOf } from './tag-list.ts';
import { UPLOADS } from './uploads.ts';

/** "Listing Tags" with all its parameters, and what deleting a manifest does to its tags. */
export function tagChecks(): Group {
  const set = new DataSetBuilder('tags');
  set.image({ layers: [] });
  const { blobs, manifests } = set.build();
  const [manifest] = manifests;
  if (!manifest) throw new Error('the set has a manifest');
  const LONGEST = 'x'.repeat(128);
  const TAGS = ['1', '1-a', '1.0', '1.0-a', '10', '1_0', 'A', '_', 'a', 'a.', 'latest', LONGEST];

  /** All of the list by Link, page by page. */
  async function pages(on: Target, n: number): Promise<string[][]> {
    const found: string[][] = [];
    let next: URL | undefined = new URL(`/v2/${REPOSITORY}/tags/list?n=${n}`, 'http://registry');
    for (let left = 50; next !== undefined && left > 0; left--) {
      const answer: Answer = await on.client.ask(next.pathname + next.search);
      found.push(tagsOf(answer, REPOSITORY));
      const link = /^<([^>]+)>\s*;\s*rel="?next"?$/.exec(answer.get('link') ?? '');
      next = link ? new URL(link[1] ?? '', answer.url) : undefined;
    }
    return found;
  }

  return group('tags', [
    check('of every form are taken', async (on) => {
      for (const blob of blobs) expectStatus(await UPLOADS['POST and PUT'](on, REPOSITORY, blob), 201);
      for (const tag of TAGS) expectStatus(await putManifest(on, REPOSITORY, tag, manifest), 201);
      for (const tag of TAGS) await expectManifest(on, REPOSITORY, tag, manifest);
    }),
    ...['-leading', '.leading', 'a b', 'a+b', `${LONGEST}x`].map((tag) =>
      check(`of another form are refused: ${tag.slice(0, 20)}`, async (on) => {
        const answer = await putManifest(on, REPOSITORY, encodeURIComponent(tag), manifest);
        expectStatus(answer, 400, 404);
      }),
    ),
    check('are listed in order', async (on) => {
      expect(await listTags(on, REPOSITORY)).to.deep.equal(TAGS.toSorted());
    }),
    ...[1, 5, 12, 100].map((n) =>
      check(`are listed ${n} at a time, by Link`, async (on) => {
        const found = await pages(on, n);
        expect(found.flat()).to.deep.equal(TAGS.toSorted());
        for (const page of found) expect(page.length).to.be.at.most(n);
        // "MAY return fewer, but only when there are fewer or a Link header is provided."
        expect(found[0]?.length === Math.min(n, TAGS.length) || found.length > 1).to.equal(true);
      }),
    ),
    check('are none, and no Link, for n=0', async (on) => {
      const answer = await on.client.ask(`/v2/${REPOSITORY}/tags/list`, { query: { n: '0' } });
      expect(tagsOf(answer, REPOSITORY)).to.deep.equal([]);
      expect(answer.get('link')).to.equal(undefined);
    }),
    ...['1', '1.0', 'B', 'zzz', '0'].map((last) =>
      check(`are listed after last=${last}, with n and without`, async (on) => {
        const after = TAGS.toSorted().filter((tag) => tag > last);
        expect(await listTags(on, REPOSITORY, { last })).to.deep.equal(after);
        expect(await listTags(on, REPOSITORY, { last, n: '2' })).to.deep.equal(after.slice(0, 2));
      }),
    ),
    check('are moved by a push of another manifest', async (on) => {
      const other = new DataSetBuilder('another');
      other.index([]);
      const [moved] = other.build().manifests;
      if (!moved) throw new Error('the set has a manifest');
      expectStatus(await putManifest(on, REPOSITORY, 'a', moved), 201);
      await inTime(on, () => expectManifest(on, REPOSITORY, 'a', moved));
      await expectManifestDeleted(on, REPOSITORY, 'a');
      await expectManifest(on, REPOSITORY, 'A', manifest);
      await expectManifestDeleted(on, REPOSITORY, moved.digest);
    }),
    check('go with the manifest that is deleted', async (on) => {
      await expectManifestDeleted(on, REPOSITORY, manifest.digest);
      for (const tag of TAGS)
        await inTime(on, async () => expectStatus(await getManifest(on, REPOSITORY, tag), 404));
      expect(await listTags(on, REPOSITORY)).to.deep.equal([]);
    }),
  ]);
}

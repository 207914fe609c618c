/**
 * Promise: what is deleted through one registry has gone at the other: at once at Distribution, which asks its disk
 * each time; at ours at once for what nobody has asked for lately, and else within the staleness that is documented.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pushBlob, pushImage, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { besideDistribution, DIRECTIONS } from './beside.ts';
import { askForManifest, expectSamePull, listPages, tagged } from './pulling.ts';

/** No answer of ours about a tag or a link is older: `LINK_MAX_AGE_MS` in services/registry/content/reader.ts. */
const TAG_MAX_AGE_MS = 1000;
const LINK_MAX_AGE_MS = 30_000;
const MARGIN_MS = 500;

besideDistribution('one directory, deletes', (pair, peer) => {
  const remove = async (url: string, target: string) => {
    const answer = await send(url, target, { method: 'DELETE' });
    expect(answer.status, `${target}: ${answer.body}`).to.equal(202);
  };
  const statusOfBlob = async (url: string, name: string, digest: string) =>
    (await send(url, `/v2/${name}/blobs/${digest}`, { method: 'HEAD' })).status;

  for (const { writer: deleter, reader: other } of DIRECTIONS)
    describe(deleter === 'ours' ? 'through Roadstead' : 'through Distribution', () => {
      const url = () => pair[deleter].url;
      const otherUrl = () => pair[other].url;
      const name = `deleted-by-${deleter}/x`;

      it('a tag, whose manifest and other tags stay', async () => {
        // 2.8 takes no such request from its own clients either.
        const remover = deleter === 'ours' || peer.deletesTags ? url() : otherUrl();
        const image = await pushImage(otherUrl(), name, 'goes');
        await putManifest(url(), name, 'stays', image.bytes, MEDIA_TYPES.image);
        await remove(remover, `/v2/${name}/manifests/goes`);
        for (const each of [pair.ours, pair.theirs]) {
          expect(await tagged(each.url, name, 'goes')).to.equal(undefined);
          expect(await listPages(each.url, `/v2/${name}/tags/list`, 'tags')).to.deep.equal(['stays']);
        }
        await expectSamePull(pair, name, 'stays');
        await putManifest(otherUrl(), name, 'goes', image.bytes, MEDIA_TYPES.image);
        await expectSamePull(pair, name, 'goes');
      });

      it('a manifest by its digest, and with it every tag that names it', async () => {
        const image = await pushImage(otherUrl(), name, 'one');
        await putManifest(url(), name, 'two', image.bytes, MEDIA_TYPES.image);
        const { digest } = await pushImage(otherUrl(), name, 'another');
        await remove(url(), `/v2/${name}/manifests/${image.digest}`);
        for (const each of [pair.ours, pair.theirs]) {
          for (const reference of [image.digest, 'one', 'two'])
            expect((await askForManifest(each.url, name, reference)).status, reference).to.equal(404);
          expect(await listPages(each.url, `/v2/${name}/tags/list`, 'tags'))
            .to.include('another')
            .and.not.include.members(['one']);
          expect(await tagged(each.url, name, 'another')).to.equal(digest);
        }
        const again = await putManifest(otherUrl(), name, 'one', image.bytes, MEDIA_TYPES.image);
        expect(again.status).to.equal(201);
        await expectSamePull(pair, name, 'one');
      });

      it('a blob, from this repository alone, and it can be pushed again', async () => {
        const bytes = newBytes();
        const { digest } = await pushBlob(otherUrl(), name, bytes);
        await pushBlob(url(), `${name}-keeps`, bytes);
        await remove(url(), `/v2/${name}/blobs/${digest}`);
        for (const each of [pair.ours, pair.theirs]) {
          expect(await statusOfBlob(each.url, name, digest)).to.equal(404);
          expect(await statusOfBlob(each.url, `${name}-keeps`, digest)).to.equal(200);
        }
        await pushBlob(otherUrl(), name, bytes);
        for (const each of [pair.ours, pair.theirs])
          expect(await statusOfBlob(each.url, name, digest)).to.equal(200);
      });

      it('all of a repository: no list has its tags any more, and it can be filled again', async () => {
        const emptied = `emptied-by-${deleter}`;
        const images = [await pushImage(otherUrl(), emptied, '1'), await pushImage(url(), emptied, '2')];
        for (const { digest, config, layers } of images) {
          await remove(url(), `/v2/${emptied}/manifests/${digest}`);
          for (const blob of [config, ...layers]) await remove(url(), `/v2/${emptied}/blobs/${blob.digest}`);
        }
        for (const each of [pair.ours, pair.theirs]) {
          const answer = await send(each.url, `/v2/${emptied}/tags/list`);
          const { tags } = JSON.parse(answer.body.toString()) as { tags?: string[] | null };
          expect(tags ?? []).to.deep.equal([]);
        }
        await pushImage(otherUrl(), emptied, '3');
        await expectSamePull(pair, emptied, '3');
      });
    });

  // It is about our memory, whichever release deletes.
  if (peer.isOptional) return;
  it('through Distribution, of what we remember: gone within the documented staleness', async function () {
    this.timeout(LINK_MAX_AGE_MS + 30_000);
    const name = 'remembered';
    const image = await pushImage(pair.theirs.url, name, 'tag');
    const [layer] = image.layers;
    const digest = layer?.digest ?? '';
    const there = {
      tag: async () => (await askForManifest(pair.ours.url, name, 'tag')).status === 200,
      manifest: async () => (await askForManifest(pair.ours.url, name, image.digest)).status === 200,
      blob: async () => (await statusOfBlob(pair.ours.url, name, digest)) === 200,
    };
    for (const isThere of Object.values(there)) expect(await isThere()).to.equal(true);
    await remove(pair.theirs.url, `/v2/${name}/manifests/${image.digest}`);
    await remove(pair.theirs.url, `/v2/${name}/blobs/${digest}`);
    const deletedAt = performance.now();
    const goneAfterMs = async (isThere: () => Promise<boolean>, limitMs: number) => {
      // Asked again and again, so that an answer that is renewed by being asked for is caught, too.
      for (;;) {
        const askedAt = performance.now();
        if (!(await isThere())) return;
        expect(askedAt - deletedAt).to.be.below(limitMs + MARGIN_MS);
        await sleep(100);
      }
    };
    await Promise.all([
      goneAfterMs(there.tag, TAG_MAX_AGE_MS),
      goneAfterMs(there.manifest, LINK_MAX_AGE_MS),
      goneAfterMs(there.blob, LINK_MAX_AGE_MS),
    ]);
  });
});

/**
 * Promise: one directory, two registries. Whatever of an image either of them wrote, the other serves byte for byte,
 * with the same headers: so migrating in, and back out, takes no copy.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pMap from 'p-map';
import { pushBlob, pushImage, pushIndex, pushManifest, putManifest } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { Content, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { besideDistribution, DIRECTIONS } from './beside.ts';
import { expectSamePull, listPages, tagged } from './pulling.ts';

/** No answer of ours about a tag is older (docs/architecture.md, "How stale an answer can be"). */
const TAG_MAX_AGE_MS = 1000;
const MARGIN_MS = 200;

/** Names whose order in a store's listing is not that of their bytes, and that are easily taken for something else. */
const AWKWARD_TAGS = [
  '1.0',
  '1.0-a',
  '1.0.1',
  '10',
  '1',
  'A',
  'a',
  '_',
  '_layers',
  'latest',
  'x'.repeat(128),
];

besideDistribution('one directory', (pair) => {
  for (const { title, writer, reader } of DIRECTIONS)
    describe(title, () => {
      const url = () => pair[writer].url;
      const readerUrl = () => pair[reader].url;

      it('OCI images, with an empty layer and with none, and an index of them in a nested repository', async () => {
        const name = `${writer}/deep/er/still`;
        const images = [
          await pushImage(url(), name, 'amd64', [newBytes(), newBytes(2_000_000)]),
          await pushImage(url(), name, 'arm64', [Buffer.alloc(0), newBytes(70_000)]),
          await pushImage(url(), name, 'none', []),
        ];
        const index = await pushIndex(url(), name, 'multi', images);
        const nested = await pushIndex(url(), name, 'nested', [index]);
        for (const reference of ['amd64', 'arm64', 'none', 'multi', 'nested', nested.digest])
          await expectSamePull(pair, name, reference);
        await pushImage(url(), `${writer}/deep`, 'above');
        await expectSamePull(pair, `${writer}/deep`, 'above');
      });

      it('Docker images and a manifest list of them', async () => {
        const name = `${writer}-docker`;
        const push = async (reference: string): Promise<Content> => {
          const config = await pushBlob(
            url(),
            name,
            newBytes(),
            'application/vnd.docker.container.image.v1+json',
          );
          const layers = [
            await pushBlob(url(), name, newBytes(), 'application/vnd.docker.image.rootfs.diff.tar.gzip'),
          ];
          // Indented by three, as docker writes it: what is stored must not be printed anew.
          const json = { schemaVersion: 2, mediaType: MEDIA_TYPES.dockerImage, config, layers };
          const bytes = Buffer.from(JSON.stringify(json, null, 3));
          const image = new Content(bytes, MEDIA_TYPES.dockerImage);
          await pushManifest(url(), name, image, reference);
          return image;
        };
        const images = [await push('amd64'), await push('arm64')];
        const manifests = images.map((image, i) => ({
          ...image,
          platform: { os: 'linux', architecture: i === 0 ? 'amd64' : 'arm64' },
        }));
        const list = manifestOf(MEDIA_TYPES.dockerList, { manifests });
        await pushManifest(url(), name, list, 'list');
        for (const reference of ['amd64', 'list', list.digest]) await expectSamePull(pair, name, reference);
      });

      it('an OCI image and an index that do not say their type', async () => {
        const name = `${writer}-untyped`;
        const put = async (reference: string, json: object, mediaType: string) => {
          const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...json }));
          const answer = await putManifest(url(), name, reference, bytes, mediaType);
          expect(answer.status, answer.body.toString()).to.equal(201);
          return { mediaType, digest: sha256(bytes), size: bytes.length };
        };
        const config = await pushBlob(url(), name, newBytes(), MEDIA_TYPES.config);
        const layers = [await pushBlob(url(), name, newBytes())];
        const image = await put('image', { config, layers }, MEDIA_TYPES.image);
        const platform = { os: 'linux', architecture: 'amd64' };
        await put('index', { manifests: [{ ...image, platform }] }, MEDIA_TYPES.index);
        await expectSamePull(pair, name, 'image');
        await expectSamePull(pair, name, 'index');
      });

      it('several tags of one manifest, and a tag that moves there and back', async () => {
        const name = `${writer}-moved`;
        const first = await pushImage(readerUrl(), name, 'stays');
        const second = await pushImage(url(), name, 'second');
        for (const tag of ['moves', 'stays-too'])
          await putManifest(url(), name, tag, first.bytes, MEDIA_TYPES.image);
        for (const { bytes, digest } of [first, second, first]) {
          await putManifest(url(), name, 'moves', bytes, MEDIA_TYPES.image);
          if (reader === 'ours') await sleep(TAG_MAX_AGE_MS + MARGIN_MS);
          expect(await tagged(readerUrl(), name, 'moves')).to.equal(digest);
        }
        for (const tag of ['stays', 'stays-too'])
          expect(await tagged(readerUrl(), name, tag)).to.equal(first.digest);
        await expectSamePull(pair, name, 'moves');
      });

      it('blobs, which the other mounts, and names in a manifest of its own', async () => {
        const layer = await pushBlob(url(), `${writer}-lends`, newBytes());
        const name = `${reader}-mounts/it`;
        const config = await pushBlob(readerUrl(), name, newBytes(), MEDIA_TYPES.config);
        const target = `/v2/${name}/blobs/uploads/?mount=${layer.digest}&from=${writer}-lends`;
        expect((await send(readerUrl(), target, { method: 'POST' })).status).to.equal(201);
        await pushManifest(readerUrl(), name, new Image({ config, layers: [layer] }), '1');
        await expectSamePull(pair, name, '1');
      });

      it('hundreds of tags, listed alike, by us in the order of their bytes however they are paged', async function () {
        this.timeout(60_000);
        const name = `${writer}-tags`;
        const { bytes } = await pushImage(url(), name, 'latest');
        const many = Array.from({ length: 200 }, (_, i) => `build-${i % 7}.${i}`);
        const tags = [...new Set([...AWKWARD_TAGS, ...many])];
        await pMap(
          tags,
          async (tag) => {
            const answer = await putManifest(url(), name, tag, bytes, MEDIA_TYPES.image);
            expect(answer.status, `${tag}: ${answer.body}`).to.equal(201);
          },
          { concurrency: 8 },
        );
        const inByteOrder = [...tags].sort();
        const target = `/v2/${name}/tags/list`;
        expect(await listPages(pair.ours.url, target, 'tags')).to.deep.equal(inByteOrder);
        expect(await listPages(pair.ours.url, `${target}?n=37`, 'tags')).to.deep.equal(inByteOrder);
        expect(await listPages(pair.theirs.url, target, 'tags')).to.have.members(inByteOrder);
      });
    });

  describe('all that was written so far', () => {
    it('is one catalog, with nothing in it that is no repository', async () => {
      const names = ['a', 'a/b', 'a/b/c', 'a-b', 'a.b', 'a/b-c', 'z/1'];
      for (const [i, name] of names.entries())
        await pushImage(pair[i % 2 ? 'ours' : 'theirs'].url, name, '1');
      const theirs = await listPages(pair.theirs.url, '/v2/_catalog?n=1000', 'repositories');
      const ours = await listPages(pair.ours.url, '/v2/_catalog?n=1000', 'repositories');
      expect(ours).to.include.members(names);
      expect(ours).to.deep.equal([...ours].sort());
      // Distribution also lists what holds blobs and no manifest.
      const lenders = ['ours-lends', 'theirs-lends'];
      expect(ours).to.have.members(theirs.filter((name) => !lenders.includes(name)));
      expect(await listPages(pair.ours.url, '/v2/_catalog?n=3', 'repositories')).to.deep.equal(ours);
    });
  });
});

/**
 * Promise: the store is a CNCF Distribution store. What we wrote, a docker-registry over the same directory serves
 * byte for byte; what it wrote, we serve; so that migrating in, and back out, takes no copy.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { filesBelow, isOfDistribution } from './on-disk.ts';
import { pushBlob, pushImage, pushIndex, pushManifest } from './pushing.ts';
import { jsonOf, send } from './wire.ts';

requires(['docker-registry'])('one directory under Roadstead and docker-registry', () => {
  let ours: TestRegistry;
  let theirs: Distribution;
  before(async () => {
    ours = await startRegistry({ promotion: false });
    theirs = await startDistribution('docker-registry', ours.rootDirectory);
  });
  after(async () => {
    await theirs[Symbol.asyncDispose]();
    await ours[Symbol.asyncDispose]();
  });

  const accept = [
    MEDIA_TYPES.image,
    MEDIA_TYPES.index,
    MEDIA_TYPES.dockerImage,
    MEDIA_TYPES.dockerList,
  ].join();

  /** Holds both registries to answer alike: status, bytes, and the headers that clients go by. */
  async function expectSame(target: string): Promise<void> {
    const [our, their] = await Promise.all(
      [ours.url, theirs.url].map((url) => send(url, target, { headers: { accept } })),
    );
    expect(our?.status, target).to.equal(200);
    expect(their?.status, their?.body.toString()).to.equal(200);
    expect(our?.body.equals(their?.body ?? Buffer.alloc(0)), target).to.equal(true);
    for (const header of ['content-type', 'content-length', 'docker-content-digest', 'etag'])
      expect(our?.headers[header], `${header} of ${target}`).to.equal(their?.headers[header]);
  }

  for (const writer of ['Roadstead', 'docker-registry']) {
    const reader = writer === 'Roadstead' ? 'docker-registry' : 'Roadstead';
    const url = () => (writer === 'Roadstead' ? ours.url : theirs.url);

    it(`what ${writer} wrote, ${reader} serves: an index, its images, and all their blobs`, async () => {
      const name = `by/${writer.toLowerCase()}`;
      const images = [
        await pushImage(url(), name, 'amd64', [newBytes(), newBytes(3_000_000)]),
        await pushImage(url(), name, 'arm64', [Buffer.alloc(0), newBytes(70_000)]),
      ];
      const index = await pushIndex(url(), name, 'multi', images);
      for (const reference of [
        'multi',
        'amd64',
        'arm64',
        index.digest,
        ...images.map(({ digest }) => digest),
      ])
        await expectSame(`/v2/${name}/manifests/${reference}`);
      for (const { digest } of images.flatMap(({ config, layers }) => [config, ...layers]))
        await expectSame(`/v2/${name}/blobs/${digest}`);
      for (const each of [ours.url, theirs.url]) {
        const { tags } = jsonOf(await send(each, `/v2/${name}/tags/list`)) as { tags: string[] };
        expect([...tags].sort()).to.deep.equal(['amd64', 'arm64', 'multi']);
      }
    });

    it(`a tag that ${writer} moves is moved for ${reader} too`, async () => {
      const name = `moved/${writer.toLowerCase()}`;
      const before = await pushImage(reader === 'Roadstead' ? ours.url : theirs.url, name, '1');
      await expectSame(`/v2/${name}/manifests/1`);
      const after = await pushImage(url(), name, '1');
      // Distribution looks at its disk each time; what we answer of a tag may be a second old.
      if (reader === 'Roadstead') await new Promise((resolve) => setTimeout(resolve, 1100));
      const answer = await send(reader === 'Roadstead' ? ours.url : theirs.url, `/v2/${name}/manifests/1`, {
        headers: { accept },
      });
      expect(answer.headers['docker-content-digest']).to.equal(after.digest).and.not.equal(before.digest);
    });

    it(`a blob that ${writer} has, ${reader} mounts, and takes a manifest that names it`, async () => {
      const other = writer === 'Roadstead' ? theirs.url : ours.url;
      const name = `mounted/by-${reader.toLowerCase()}`;
      const layer = await pushBlob(url(), 'lender', newBytes());
      const config = await pushBlob(other, name, newBytes(), MEDIA_TYPES.config);
      const target = `/v2/${name}/blobs/uploads/?mount=${layer.digest}&from=lender`;
      expect((await send(other, target, { method: 'POST' })).status).to.equal(201);
      const image = new Image({ config, layers: [layer] }, MEDIA_TYPES.dockerImage);
      await pushManifest(other, name, image, '1');
      await expectSame(`/v2/${name}/manifests/${image.digest}`);
      await expectSame(`/v2/${name}/blobs/${layer.digest}`);
    });
  }

  it('both write the very same files for the same image', async () => {
    const layer = newBytes(100_000);
    const config = newBytes();
    const written = async (url: string, name: string) => {
      const layers = [await pushBlob(url, name, layer)];
      await pushManifest(url, name, new Image({ config: await pushBlob(url, name, config), layers }), '1');
      const files = await filesBelow(join(ours.rootDirectory, 'docker/registry/v2/repositories', name));
      return files.filter(isOfDistribution);
    };
    expect(await written(ours.url, 'same/ours')).to.deep.equal(await written(theirs.url, 'same/theirs'));
  });

  it("docker-registry's garbage collector takes nothing of ours that is tagged", async () => {
    const image = await pushImage(ours.url, 'collected', '1', [newBytes(200_000)]);
    const unfinished = await send(ours.url, '/v2/collected/blobs/uploads/', { method: 'POST' });
    await send(ours.url, unfinished.headers.location ?? '', { method: 'PATCH', body: newBytes() });
    await theirs.collectGarbage();
    await expectSame('/v2/collected/manifests/1');
    for (const { digest } of [image.config, ...image.layers])
      await expectSame(`/v2/collected/blobs/${digest}`);
    expect((await send(ours.url, unfinished.headers.location ?? '')).status).to.equal(204);
  });

  it("docker-registry's catalog lists our repositories and nothing else", async () => {
    await pushImage(ours.url, 'listed/here', '1');
    const { repositories } = jsonOf(await send(theirs.url, '/v2/_catalog?n=1000')) as {
      repositories: string[];
    };
    expect(repositories).to.include('listed/here');
    for (const name of repositories) expect(name).to.match(/^[a-z0-9/-]+$/);
  });
});

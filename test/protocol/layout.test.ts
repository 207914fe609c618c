/**
 * Promise: what lies under `docker/registry/v2` is what CNCF Distribution would have written, byte for byte, and
 * nothing else; our own things are under `roadstead/` and, inside a repository, `_roadstead/`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import type { Image } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { blobPath, filesBelow, isOfDistribution, layerLink, revisionLink, tagLinks } from './on-disk.ts';
import { pushBlob, pushImage, pushIndex } from './pushing.ts';
import { send } from './wire.ts';

describe('the layout of the store', () => {
  let registry: TestRegistry;
  let filesBefore: Set<string>;
  before(async () => {
    registry = await startRegistry({ promotion: false });
  });
  beforeEach(async () => {
    filesBefore = new Set(await filesBelow(registry.rootDirectory));
  });
  after(() => registry[Symbol.asyncDispose]());

  const filesOfImage = (name: string, { digest, config, layers }: Image) => [
    ...[digest, config.digest, ...layers.map((layer) => layer.digest)].map(blobPath),
    ...[config, ...layers].map((blob) => layerLink(name, blob.digest)),
    revisionLink(name, digest),
  ];
  const newFiles = async () =>
    (await filesBelow(registry.rootDirectory)).filter((file) => !filesBefore.has(file));
  async function expectFiles(expected: readonly string[]): Promise<void> {
    const files = await newFiles();
    expect(files.filter(isOfDistribution)).to.deep.equal([...new Set(expected)].sort());
    // Beside it the turns in which it was written.
    const ours = files.filter((file) => !isOfDistribution(file));
    for (const file of ours) expect(file).to.match(/\/_roadstead\/changes\/\d{12}$/);
  }

  it("of a pushed image is exactly Distribution's", async () => {
    const image = await pushImage(registry.url, 'fedora/toolbox', '40', [newBytes(), newBytes(300_000)]);
    await expectFiles([
      ...filesOfImage('fedora/toolbox', image),
      ...tagLinks('fedora/toolbox', '40', [image.digest]),
    ]);
  });

  it('has links of exactly 71 bytes: the digest, and no newline', async () => {
    const image = await pushImage(registry.url, 'a/b', '1');
    const links = [
      ...[image.config, ...image.layers].map(({ digest }) => [layerLink('a/b', digest), digest] as const),
      [revisionLink('a/b', image.digest), image.digest] as const,
      ...tagLinks('a/b', '1', [image.digest]).map((link) => [link, image.digest] as const),
    ];
    for (const [link, digest] of links) {
      const content = await readFile(join(registry.rootDirectory, link), 'latin1');
      expect(content, link).to.equal(digest).and.to.have.length(71);
    }
  });

  it("keeps in a tag's index all that it ever named", async () => {
    const first = await pushImage(registry.url, 'moved', '1');
    const second = await pushImage(registry.url, 'moved', '1');
    await expectFiles([
      ...filesOfImage('moved', first),
      ...filesOfImage('moved', second),
      ...tagLinks('moved', '1', [first.digest, second.digest]),
    ]);
    const [current = ''] = tagLinks('moved', '1', []);
    expect(await readFile(join(registry.rootDirectory, current), 'latin1')).to.equal(second.digest);
  });

  it('holds bytes once, whichever repositories have them, and a mount is a link and nothing more', async () => {
    const bytes = newBytes(100_000);
    const { digest } = await pushBlob(registry.url, 'one', bytes);
    await pushBlob(registry.url, 'two', bytes);
    await send(registry.url, `/v2/three/blobs/uploads/?mount=${digest}&from=one`, { method: 'POST' });
    await expectFiles([blobPath(digest), ...['one', 'two', 'three'].map((name) => layerLink(name, digest))]);
    expect((await readFile(join(registry.rootDirectory, blobPath(digest)))).equals(bytes)).to.equal(true);
  });

  it('of an index is a revision and a tag, with no layers of its own', async () => {
    const image = await pushImage(registry.url, 'multi', 'amd64');
    const index = await pushIndex(registry.url, 'multi', '1', [image]);
    await expectFiles([
      ...filesOfImage('multi', image),
      ...tagLinks('multi', 'amd64', [image.digest]),
      ...[
        blobPath(index.digest),
        revisionLink('multi', index.digest),
        ...tagLinks('multi', '1', [index.digest]),
      ],
    ]);
  });

  it('of an upload under way is a `startedat` that Distribution can read, and things of our own', async () => {
    const begun = await send(registry.url, '/v2/hello/blobs/uploads/', { method: 'POST' });
    await send(registry.url, begun.headers.location ?? '', { method: 'PATCH', body: newBytes() });
    const upload = `docker/registry/v2/repositories/hello/_uploads/${begun.headers.location?.split('/').at(-1)}`;
    const files = await newFiles();
    const ours = files.filter((file) => file.startsWith(`${upload}/_roadstead/`));
    expect(ours).to.have.length(2);
    expect(files.filter((file) => !ours.includes(file))).to.deep.equal([`${upload}/startedat`]);
    const startedAt = await readFile(join(registry.rootDirectory, upload, 'startedat'), 'latin1');
    expect(startedAt).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Math.abs(Date.now() - Date.parse(startedAt))).to.be.below(10_000);
    // A purger takes for an upload's data only what is called `data`.
    expect(files.filter((file) => file.endsWith('/data'))).to.deep.equal([]);
  });

  it('of an upload that was given up, or whose digest did not fit, is nothing', async () => {
    const begin = () => send(registry.url, '/v2/hello/blobs/uploads/', { method: 'POST' });
    const given = (await begin()).headers.location ?? '';
    await send(registry.url, given, { method: 'PATCH', body: newBytes() });
    await send(registry.url, given, { method: 'DELETE' });
    const wrong = (await begin()).headers.location ?? '';
    const target = `${wrong}?digest=sha256:${'0'.repeat(64)}`;
    await send(registry.url, target, { method: 'PUT', body: newBytes() });
    await expectFiles([]);
  });
});

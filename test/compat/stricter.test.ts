/**
 * Promise: what docker-registry takes as a manifest and we refuse is no more than docs/from-distribution.md lists: what two
 * readers may take for two things, what clients cannot pull, and what names content that is not there.
 */
import { expect } from 'chai';
import { pushBlob, pushImage, putManifest } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { Content, type Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';

const NAME = 'stricter';

requires(['docker-registry'])('manifests that docker-registry takes and we refuse', () => {
  const held = new AsyncDisposableStack();
  let ours: TestRegistry;
  let theirs: Distribution;
  let image: Image;
  before(async () => {
    ours = held.use(await startRegistry({ promotion: false }));
    theirs = held.use(await startDistribution('docker-registry', ours.rootDirectory));
    image = await pushImage(ours.url, NAME, '1');
    await pushBlob(ours.url, `${NAME}/blobs`, image.bytes);
  });
  after(() => held.disposeAsync());

  const imageOf = (more: object) => ({
    ...{ schemaVersion: 2, mediaType: MEDIA_TYPES.image, config: image.config, layers: image.layers },
    ...more,
  });
  const text = (more: object) => JSON.stringify(imageOf(more));
  const cases: [what: string, json: () => string, mediaType?: string, name?: string][] = [
    ['a member that is there twice', () => text({}).replace('{', '{"layers":[],')],
    ['a known member in other letters', () => text({}).replace('"layers"', '"Layers"')],
    ['a negative size', () => text({ layers: image.layers.map((layer) => ({ ...layer, size: -1 })) })],
    ['a malformed subject', () => text({ subject: { digest: 'x' } })],
    ['an artifact type that is no text', () => text({ artifactType: 5 })],
    [
      'a media type of more than 255 characters',
      () => text({ config: { ...image.config, mediaType: 'x'.repeat(256) } }),
    ],
    [
      'a layer that is not here and names URLs, but is not of a non-distributable type',
      () => text({ layers: [{ ...new Content(newBytes(), 'a/b'), urls: ['https://example.org/'] }] }),
    ],
    [
      'an index whose manifest is here as a blob only',
      () => manifestOf(MEDIA_TYPES.index, { manifests: [image] }).bytes.toString(),
      MEDIA_TYPES.index,
      `${NAME}/blobs`,
    ],
    [
      'an index that lists nothing and does not say that it is one',
      () => JSON.stringify({ schemaVersion: 2 }),
      MEDIA_TYPES.index,
    ],
  ];
  for (const [what, json, mediaType = MEDIA_TYPES.image, name = NAME] of cases)
    it(what, async () => {
      const bytes = Buffer.from(json());
      const there = await putManifest(theirs.url, name, 'odd', bytes, mediaType);
      expect(there.status, there.body.toString()).to.equal(201);
      const here = await putManifest(ours.url, name, 'odd', bytes, mediaType);
      expect(here.status, here.body.toString()).to.equal(400);
    });
});

/**
 * Promise: members of a manifest that are null, empty or absent mean here what they mean to docker-registry: it takes what
 * we take and the other way round, and what can be pulled can be pushed back.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { check, faults } from '../check/stores.ts';
import { pushBlob, pushImage, putManifest } from '../protocol/pushing.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { type Descriptor, type Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { askForManifest } from './pulling.ts';

const NAME = 'candidate/odd';
const RUNS = process.env['NIGHTLY'] === '1' ? 1000 : 60;

/** A value as it is most of the time, or null, or absent, or one of the others. */
function orNothing<T>(value: T, ...others: unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constant(value as unknown) },
    { weight: 1, arbitrary: fc.constantFrom(null, undefined, ...others) },
  );
}

/** A descriptor whose every member may be missing; JSON leaves out what is undefined. */
function descriptors(
  { mediaType, digest, size }: Descriptor,
  more: Record<string, fc.Arbitrary<unknown>> = {},
) {
  return fc.record({
    mediaType: orNothing(mediaType, ''),
    digest: fc.oneof({ weight: 25, arbitrary: fc.constant(digest) }, fc.constantFrom(null, undefined)),
    size: orNothing(size),
    urls: orNothing(undefined, []),
    annotations: orNothing({ a: 'b' }, {}, { a: null }),
    ...more,
  });
}

requires(['docker-registry'])('null, empty and absent members', function () {
  this.timeout(Math.max(60_000, RUNS * 500));
  const held = new AsyncDisposableStack();
  let ours: TestRegistry;
  let theirs: Distribution;
  let image: Image;
  let attached: Image;
  before(async () => {
    ours = held.use(await startRegistry());
    theirs = held.use(await startDistribution('docker-registry', ours.rootDirectory));
    image = await pushImage(ours.url, NAME, 'image', [newBytes(), newBytes()]);
    attached = await pushImage(ours.url, NAME, 'attached');
  });
  after(() => held.disposeAsync());

  const common = () => ({
    schemaVersion: fc.oneof({ weight: 25, arbitrary: fc.constant(2) }, fc.constantFrom(null, undefined)),
    annotations: orNothing({ a: 'b' }, {}, { a: null }),
    artifactType: orNothing('application/a', ''),
    subject: orNothing(undefined, { mediaType: MEDIA_TYPES.image, digest: image.digest, size: null }),
  });
  // Docker's types need not be said here, and need to be there.
  const ownType = (mediaType: string) =>
    mediaType.includes('docker') ? fc.constant(mediaType) : orNothing(mediaType, '');
  const images = (mediaType: string) =>
    fc.record({
      ...common(),
      mediaType: ownType(mediaType),
      config: fc.oneof(
        { weight: 25, arbitrary: descriptors(image.config) },
        fc.constantFrom(null, undefined, {}),
      ),
      layers: fc.oneof(
        { weight: 6, arbitrary: fc.tuple(...image.layers.map((layer) => descriptors(layer))) },
        fc.constantFrom(null, undefined, [], [null]),
      ),
      manifests: orNothing(undefined),
    });
  const platforms = orNothing(
    { os: 'linux', architecture: 'amd64' },
    ...[{}, { architecture: 'arm64' }, { os: 'linux' }, { os: null, architecture: null }],
    { os: 'linux', architecture: 'arm', variant: null, 'os.version': null, 'os.features': null },
  );
  const indexes = (mediaType: string) =>
    fc
      .record({
        ...common(),
        mediaType: ownType(mediaType),
        manifests: fc.oneof(
          {
            weight: 6,
            arbitrary: fc.tuple(
              descriptors(image, { platform: platforms }),
              descriptors(attached, { platform: platforms }),
            ),
          },
          fc.constantFrom(null, undefined, [], [null]),
        ),
        config: orNothing(undefined),
        layers: orNothing(undefined),
      })
      // One that says neither is refused here (stricter.test.ts).
      .filter((json) => Boolean(json.mediaType) || Boolean(json.manifests));

  for (const [kind, mediaType, arbitrary] of [
    ['OCI images', MEDIA_TYPES.image, images],
    ["Docker's images", MEDIA_TYPES.dockerImage, images],
    ['OCI indexes', MEDIA_TYPES.index, indexes],
    ["Docker's lists", MEDIA_TYPES.dockerList, indexes],
  ] as const)
    it(`of ${kind} are taken, and served, as docker-registry does`, async () => {
      const answers = { taken: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(arbitrary(mediaType), async (json) => {
          const bytes = Buffer.from(JSON.stringify(json));
          const there = await putManifest(theirs.url, NAME, 'there', bytes, mediaType);
          // Pulled from the other's tag: nothing of it was looked at here before.
          const pulled =
            there.status === 201 &&
            (await askForManifest(ours.url, NAME, there.headers['docker-content-digest'] as string));
          const here = await putManifest(ours.url, NAME, 'here', bytes, mediaType);
          const told = `${bytes}\nhere: ${here.status} ${here.body}\nthere: ${there.status} ${there.body}`;
          // It answers some of what it refuses with 500.
          expect(here.status === 201, told).to.equal(there.status === 201);
          expect(here.status, told).to.be.oneOf([201, 400]);
          answers[here.status === 201 ? 'taken' : 'refused']++;
          if (!pulled) return;
          expect(pulled.status).to.equal(200);
          expect(pulled.body.equals(bytes), 'the bytes are as they came').to.equal(true);
          expect(pulled.headers['content-type']).to.equal(mediaType);
        }),
        // One that both refuse, whatever chance brings.
        { numRuns: RUNS, examples: [[{ schemaVersion: 99, mediaType } as never]] },
      );
      expect(answers.taken, JSON.stringify(answers)).to.be.above(0);
      expect(answers.refused, JSON.stringify(answers)).to.be.above(0);
    });

  it('break nothing later: the store is sound, and sizes are counted by what is stored', async () => {
    expect(faults(await check(ours.rootDirectory))).to.deep.equal([]);
    const layer = await pushBlob(ours.url, NAME, newBytes(3000));
    const { mediaType, digest } = layer;
    const bytes = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: MEDIA_TYPES.image, annotations: null, subject: null },
        config: { digest: image.config.digest },
        layers: [{ mediaType, digest, size: null, urls: null }],
      }),
    );
    expect((await putManifest(ours.url, NAME, 'sizeless', bytes, MEDIA_TYPES.image)).status).to.equal(201);
    const answer = await promote(ours.url, `${NAME}:sizeless`, 'odd:1');
    expect(answer.status, answer.body.toString()).to.equal(200);
    expect(answer.lines[0]).to.deep.include({ blobs: 2, sizeBytes: image.config.size + layer.size });
    expect(answer.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
  });
});

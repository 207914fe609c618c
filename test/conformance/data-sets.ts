import { newBytes } from '../support/bytes.ts';
import { type Algorithm, sha256 } from '../support/digest.ts';
import { type Descriptor, TYPES } from './content.ts';
import { type DataSet, DataSetBuilder, PLATFORMS } from './data-set.ts';
import type { Profile } from './profile.ts';

/**
 * What is pushed, listed, pulled and deleted, a set after the other. Where a set comes from the official suite's list
 * of scenarios, it has that one's name.
 */
export function dataSets(profile: Profile): DataSet[] {
  const isDev = profile.version === 'dev';
  return [
    ...images(),
    ...indexes(),
    ...artifacts(),
    ...referrers(),
    ...oddities(),
    sha512(),
    ...(isDev ? [tagParameters('sha256'), tagParameters('sha512')] : []),
  ];
}

const ANNOTATIONS = 390;
const ANNOTATION_BYTES = 10_000;

function images(): DataSet[] {
  const image = new DataSetBuilder('image');
  image.image({ tags: ['image'] });

  const uncompressed = new DataSetBuilder('image-uncompressed');
  uncompressed.image({
    layers: [1, 2].map((number) => uncompressed.layer(`layer ${number}`, false)),
    tags: ['image-uncompressed'],
  });

  // 3.9 MB: "implementations SHOULD expect to be able to support manifest pushes of at least 4 megabytes".
  const large = new DataSetBuilder('large-manifest');
  const annotations = Object.fromEntries(
    Array.from({ length: ANNOTATIONS }, (_, i) => [
      `org.example.annotation-${i}`,
      'A'.repeat(ANNOTATION_BYTES),
    ]),
  );
  large.image({ annotations, tags: ['large-manifest'] });

  const noLayers = new DataSetBuilder('no-layers');
  noLayers.image({ layers: [], tags: ['no-layers'] });

  const emptyBlob = new DataSetBuilder('empty-blob');
  emptyBlob.image({
    layers: [emptyBlob.blob('empty layer', Buffer.alloc(0), TYPES.layer)],
    tags: ['empty-blob'],
  });
  return [image, uncompressed, large, noLayers, emptyBlob].map((set) => set.build());
}

function indexes(): DataSet[] {
  const index = new DataSetBuilder('index');
  index.multiPlatform({ tags: ['index'] });

  const nested = new DataSetBuilder('nested-index');
  nested.index(
    [nested.multiPlatform({ label: 'first index' }), nested.multiPlatform({ label: 'second index' })],
    {
      label: 'index of indexes',
      tags: ['index-of-indexes'],
    },
  );

  const empty = new DataSetBuilder('empty-index');
  empty.index([], { tags: ['index', 'empty'] });
  return [index, nested, empty].map((set) => set.build());
}

function artifacts(): DataSet[] {
  const artifact = new DataSetBuilder('artifact');
  artifact.artifact(TYPES.sbom, { tags: ['artifact'] });

  const list = new DataSetBuilder('artifact-index');
  const listed = PLATFORMS.map(({ architecture }) =>
    list.artifact(TYPES.sbom, { label: `${architecture} artifact` }),
  );
  list.index(listed, { artifactType: TYPES.sbom, tags: ['artifact-index'] });

  const bare = new DataSetBuilder('artifact-without-layers');
  const nothing = bare.nothing();
  bare.image({
    label: 'artifact',
    artifactType: TYPES.sbom,
    config: nothing,
    layers: [nothing],
    tags: ['artifact-without-layers'],
  });
  return [artifact, list, bare].map((set) => set.build());
}

function someAnnotations(): Readonly<Record<string, string>> {
  return { 'org.example.conformance': 'hello', [`org.example.${newBytes(4).toString('hex')}`]: 'new' };
}

function referrers(): DataSet[] {
  const attached = new DataSetBuilder('artifacts-with-subject');
  const subject = attached.image({ tags: ['image'] });
  attached.image({ label: 'image with a subject', subject });
  for (const [label, type] of [
    ['SBOM', TYPES.sbom],
    ['signature', TYPES.signature],
  ] as const)
    attached.artifact(type, { label, subject, annotations: someAnnotations(), tags: [label] });

  const lists = new DataSetBuilder('index-with-subject');
  const index = lists.multiPlatform({ tags: ['index'] });
  lists.multiPlatform({ label: 'index without a type', subject: index }, { subject: index });
  lists.index([lists.artifact(TYPES.sbom, { label: 'SBOM', subject: index })], {
    label: 'index of SBOMs',
    artifactType: TYPES.sbom,
    annotations: someAnnotations(),
    subject: index,
    tags: ['index-of-artifacts'],
  });

  const missing = new DataSetBuilder('missing-subject');
  const nowhere = { mediaType: TYPES.image, digest: sha256(newBytes(9)), size: 123 };
  missing.artifact(TYPES.sbom, { subject: nowhere, annotations: someAnnotations(), tags: ['attached'] });

  const later = new DataSetBuilder('subject-after-its-referrer');
  const late = later.image({ label: 'subject' });
  later.artifact(TYPES.signature, { label: 'signature', subject: late });
  later.pushLast(late);
  return [attached, lists, missing, later].map((set) => set.build());
}

function oddities(): DataSet[] {
  const data = new DataSetBuilder('data-field', { withData: true });
  data.image({ tags: ['data-field'] });

  const held = new DataSetBuilder('non-distributable-layers');
  const elsewhere = (mediaType: string): Descriptor => {
    const digest = sha256(newBytes(9));
    return { mediaType, digest, size: 12_345, urls: [`https://store.example.com/blobs/${digest}`] };
  };
  held.image({
    layers: [elsewhere(TYPES.gzippedHeldBackLayer), elsewhere(TYPES.heldBackLayer), held.layer('layer')],
    tags: ['non-distributable-layers'],
  });

  const custom = new DataSetBuilder('custom-fields');
  const extra = { 'org.example.field': newBytes(8).toString('hex'), nested: { a: [1, null, { b: true }] } };
  custom.multiPlatform({ extra, tags: ['custom-fields'] }, { extra });
  return [data, held, custom].map((set) => set.build());
}

/** Pushed by digest only: a push by tag has no place for the algorithm. */
function sha512(): DataSet {
  const set = new DataSetBuilder('sha512', { algorithm: 'sha512' });
  set.multiPlatform();
  return set.build();
}

/** An image without one of its layers. */
export function sparseImage(): DataSet {
  const set = new DataSetBuilder('sparse-image');
  const absent = set.layer('absent layer');
  set.image({ layers: [absent, set.layer('layer')], tags: ['sparse-image'] });
  set.leaveOut(absent);
  return set.build();
}

/** An index without one of its images: what a registry has that is configured to take such. */
export function sparseIndex(): DataSet {
  const set = new DataSetBuilder('sparse-index');
  const [here, absent] = PLATFORMS.map((platform) =>
    set.image({ platform, label: `${platform.architecture} image`, layers: [] }),
  );
  if (!here || !absent) throw new Error('there are two platforms');
  set.index([here, absent], { tags: ['sparse-index'] });
  set.leaveOut(absent);
  return set.build();
}

/** Every manifest has a tag, and the index two, all given with the pushes by digest. */
function tagParameters(algorithm: Algorithm): DataSet {
  const title = `tag-param-${algorithm}`;
  const set = new DataSetBuilder(title, { algorithm });
  const listed = PLATFORMS.map((platform) =>
    set.image({
      platform,
      label: `${platform.architecture} image`,
      tags: [`${title}-${platform.architecture}`],
    }),
  );
  set.index(listed, { tags: [title, `${title}-index`] });
  return set.build('by parameter');
}

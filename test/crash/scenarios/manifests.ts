import { sha512 } from '../../support/digest.ts';
import type { Content } from '../../support/image.ts';
import { imageOf, indexOf } from '../content.ts';
import { deleting, expectTag, pushBlobs, pushImage, putting } from '../requests.ts';
import type { Scenario, World } from '../scenario.ts';

const repository = 'candidate/app';
const earlier = imageOf('earlier');
const later = imageOf('later');
const by512 = imageOf('named by SHA-512', 1, { algorithm: 'sha512' });
const signature = imageOf('signature', 1, { subject: earlier });
const multi = indexOf([earlier, later]);

/** What `1` names before, and the blobs of what comes. */
async function prepare(world: World): Promise<void> {
  await pushImage(world, repository, earlier, '1');
  for (const image of [later, signature]) await pushBlobs(world, repository, image);
}

/** Of a tag that a second try finds moved already. */
const HISTORY: readonly [RegExp, string] = [
  /lacks .*\/_manifests\/tags\/\w+\/index\//,
  "nothing but Distribution's collector reads a tag's history, and there a manifest that the tag names is in use anyway",
];

const names =
  (tag: string, ...allowed: Content[]) =>
  (world: World) =>
    expectTag(world, `${repository}:${tag}`, allowed);

/** Pushes and deletes of manifests and tags. */
export const MANIFESTS: readonly Scenario[] = [
  {
    title: 'a manifest by a new tag',
    prepare,
    steps: [putting({ repository, image: later, reference: '2' })],
    outcome: names('1', earlier),
  },
  {
    title: "a tag's move",
    prepare,
    steps: [putting({ repository, image: later, reference: '1' })],
  },
  {
    title: 'a manifest by its digest',
    prepare,
    steps: [putting({ repository, image: later, reference: later.digest })],
  },
  {
    title: 'a manifest with two tags beside its digest',
    prepare,
    steps: [putting({ repository, image: later, reference: later.digest, tags: ['1', '2'] })],
  },
  {
    title: "a tag's move under If-Match",
    prepare,
    steps: [
      putting({
        ...{ repository, image: later, reference: '1' },
        headers: { 'if-match': `"${earlier.digest}"` },
      }),
    ],
    mayDiffer: [HISTORY],
  },
  {
    title: 'two moves under If-Match, one after the other',
    prepare,
    steps: [
      putting({
        ...{ repository, image: later, reference: '1', stays: false },
        headers: { 'if-match': `"${earlier.digest}"` },
      }),
      putting({
        ...{ repository, image: earlier, reference: '1' },
        headers: { 'if-match': `"${later.digest}"` },
      }),
    ],
    mayDiffer: [HISTORY],
  },
  {
    title: 'a new tag under If-None-Match',
    prepare,
    steps: [putting({ repository, image: later, reference: '2', headers: { 'if-none-match': '*' } })],
    mayDiffer: [HISTORY],
  },
  {
    title: 'a manifest with a subject',
    prepare,
    steps: [putting({ repository, image: signature, reference: signature.digest })],
  },
  {
    title: 'a manifest that names its blobs by SHA-512',
    prepare: (world) => pushBlobs(world, repository, by512),
    steps: [putting({ repository, image: by512, reference: '512' })],
  },
  {
    title: 'a manifest that is named by SHA-512 itself, and tagged',
    prepare,
    steps: [putting({ repository, image: later, reference: sha512(later.bytes), tags: ['1'] })],
  },
  {
    title: 'an index of two images',
    async prepare(world) {
      await prepare(world);
      await putting({ repository, image: later, reference: later.digest }).act(world);
    },
    steps: [putting({ repository, image: multi, reference: 'multi' })],
  },
  {
    title: "a tag's deletion",
    async prepare(world) {
      await prepare(world);
      await putting({ repository, image: later, reference: '1' }).act(world);
    },
    steps: [deleting(`/v2/${repository}/manifests/1`)],
  },
  {
    title: "a tagged manifest's deletion",
    async prepare(world) {
      await prepare(world);
      for (const reference of ['1', '2']) await putting({ repository, image: later, reference }).act(world);
    },
    steps: [deleting(`/v2/${repository}/manifests/${later.digest}`)],
  },
  {
    title: "a referrer's deletion",
    async prepare(world) {
      await prepare(world);
      await putting({ repository, image: signature, reference: signature.digest }).act(world);
    },
    steps: [deleting(`/v2/${repository}/manifests/${signature.digest}`)],
    mayDiffer: [
      [/_roadstead\/referrers/, 'a record of what is no more: referrer-stale, until garbage is collected'],
    ],
  },
  {
    title: 'the deletion of a manifest that names its blobs by SHA-512',
    async prepare(world) {
      await pushImage(world, repository, by512, '512');
    },
    steps: [deleting(`/v2/${repository}/manifests/${by512.digest}`)],
    mayDiffer: [
      [/has .*(?:\/_roadstead\/keepers\/|\/revisions\/)/, 'a keeper whose subject has gone keeps its blobs'],
    ],
  },
];

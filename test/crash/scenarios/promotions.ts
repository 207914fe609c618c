import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linkTo } from '../../../services/registry/content/link.ts';
import { digestOf } from '../../../services/registry/oci/digest.ts';
import { type MirrorName, parseRepositoryName, parseTag } from '../../../services/registry/oci/names.ts';
import { boardLeases, boardOf } from '../../../services/registry/publishing/mirrors/board.ts';
import { blobDataKey, tagCurrentKey } from '../../../services/registry/storage/layout.ts';
import { eventually } from '../../support/eventually.ts';
import type { Content, Image } from '../../support/image.ts';
import { imageOf, indexOf } from '../content.ts';
import { expectTag, promoting, pushImage, putting } from '../requests.ts';
import type { Scenario, Step, World } from '../scenario.ts';

const candidate = 'candidate/app';
const first = imageOf('first');
const second = imageOf('second', 2);
const multi = indexOf([first, second]);
const signature = imageOf('signature', 1, { subject: multi });
const cosign = imageOf('cosign');

async function prepare(world: World): Promise<void> {
  await pushImage(world, candidate, first, '1');
  await pushImage(world, candidate, second, '2');
}

const held = (image: Image<Content>): Step => ({
  does: 'publish it to the mirror',
  act: async (world) => {
    await eventually('the mirror is complete', () => isComplete(world), 20_000);
  },
  holds: (world) => expectMirrored(world, image),
});

async function isComplete({ stored }: World): Promise<boolean> {
  const near = 'near' as MirrorName;
  const ledger = (await boardLeases(stored, boardOf(near)).read())?.value.mirrors[near];
  const entries = [...stored.held.keys()].filter((key) => key.startsWith('roadstead/publications/'));
  return ledger?.watermark === entries.length && ledger.missing.length === 0;
}

/** Whatever the ledger vouches for is there. */
async function expectMirrored({ mirrorDirectory }: World, { blobs }: Image<Content>): Promise<void> {
  for (const { bytes } of blobs) {
    const found = await readFile(join(mirrorDirectory, blobDataKey(digestOf(bytes))));
    if (!found.equals(bytes)) throw new Error('the mirror has other bytes');
  }
}

/** A second try finds the tag moved. */
const mayDiffer: Scenario['mayDiffer'] = [
  [
    /lacks .*\/_manifests\/tags\/\w+\/index\//,
    "nothing but Distribution's collector reads a tag's history, and there a manifest that the tag names is in use anyway",
  ],
];

const app = parseRepositoryName('app');

/** The tag is that of the promotion that was acknowledged last, at the latest a moment after the process started. */
async function expectSettled(world: World): Promise<void> {
  const isSettled = () =>
    expectTag(world, 'app:1', [second]).then(
      () => true,
      () => false,
    );
  await eventually('the tag follows the last promotion', isSettled, 20_000);
}

const ended: Step = { does: 'shut down', act: (world) => world.shutDown() };

/** Promotions, and what mirrors make of them. */
export const PROMOTIONS: readonly Scenario[] = [
  {
    title: 'a promotion of a new image',
    mayDiffer,
    prepare,
    steps: [promoting(`${candidate}:1`, 'app:1', first)],
  },
  {
    mayDiffer,
    title: 'a promotion over an earlier one, which shares blobs with it',
    async prepare(world) {
      await prepare(world);
      await putting({ repository: candidate, image: multi, reference: 'multi' }).act(world);
      await promoting(`${candidate}:1`, 'app:1', first).act(world);
    },
    steps: [promoting(`${candidate}:multi`, 'app:1', multi)],
  },
  {
    title: 'a promotion with what is attached',
    mayDiffer,
    async prepare(world) {
      await prepare(world);
      await putting({ repository: candidate, image: multi, reference: 'multi' }).act(world);
      await pushImage(world, candidate, signature, signature.digest);
      await pushImage(world, candidate, cosign, `${multi.digest.replace(':', '-')}.sig`);
    },
    steps: [promoting(`${candidate}:multi`, 'app:multi', multi)],
  },
  {
    title: 'two promotions into one tag',
    mayDiffer,
    prepare,
    steps: [
      { ...promoting(`${candidate}:1`, 'app:1', first), holds: async () => undefined },
      promoting(`${candidate}:2`, 'app:1', second),
    ],
  },
  {
    title: 'a tag that the loser of two racing promotions wrote late, before it died',
    ...{ isTimed: true, mayDiffer },
    async prepare(world) {
      await prepare(world);
      await promoting(`${candidate}:1`, 'app:1', first).act(world);
      await promoting(`${candidate}:2`, 'app:1', second).act(world);
      await world.shutDown();
      // The request of the first one's author was under way all the time.
      world.stored.hold(tagCurrentKey(app, parseTag('1')), linkTo(digestOf(first.bytes)));
    },
    steps: [{ does: 'move the tag back', act: expectSettled, holds: expectSettled }],
  },
  {
    title: 'a promotion that a mirror publishes',
    ...{ hasMirror: true, isTimed: true, mayDiffer },
    prepare,
    steps: [promoting(`${candidate}:1`, 'app:1', first), held(first), ended],
  },
  {
    title: 'a promotion that waits for a mirror',
    ...{ hasMirror: true, isTimed: true, mayDiffer },
    async prepare(world) {
      await prepare(world);
      await promoting(`${candidate}:1`, 'app:1', first).act(world);
    },
    steps: [
      promoting(`${candidate}:2`, 'app:2', second, { waitMirrors: 1, waitTimeoutMs: 15_000 }),
      held(second),
    ],
  },
];

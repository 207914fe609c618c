import { planGarbage } from '../../../services/registry/garbage/offline/plan.ts';
import { sweep } from '../../../services/registry/garbage/offline/sweep.ts';
import { OneAttempt } from '../../../services/registry/storage/fence.ts';
import { readNotice, writeNotice } from '../../../services/registry/storage/read-only.ts';
import { bytesOf } from '../../support/bytes.ts';
import { imageOf, indexOf } from '../content.ts';
import { deleting, expectTag, pushImage, putting } from '../requests.ts';
import type { Scenario, Step, World } from '../scenario.ts';
import { Upload } from '../uploading.ts';

const NOTICE = { since: new Date(0).toISOString(), by: 'an operator', reason: 'a move' };
const repository = 'candidate/app';
const kept = imageOf('kept');
const untagged = imageOf('untagged', 2);
const signature = imageOf('signature of the untagged', 1, { subject: untagged });
const deleted = imageOf('deleted');
const children = [imageOf('child 1'), imageOf('child 2')];
const multi = indexOf(children);

async function fill(world: World): Promise<void> {
  await pushImage(world, repository, untagged, '1');
  await pushImage(world, repository, signature, signature.digest);
  await pushImage(world, repository, kept, '1');
  for (const child of children) await pushImage(world, repository, child, child.digest);
  await putting({ repository, image: multi, reference: 'multi' }).act(world);
  await pushImage(world, 'candidate/other', deleted, '1');
  await deleting(`/v2/candidate/other/manifests/${deleted.digest}`).act(world);
  await new Upload({ repository: 'candidate/other', bytes: bytesOf('an orphan') }).push(world);
}

const collecting = (deleteUntagged: boolean): Step => ({
  does: 'collect garbage',
  async act({ objects }) {
    const plan = await planGarbage(objects, { deleteUntagged, youngerThan: new Date(Date.now() + 1000) });
    await sweep(objects, plan);
  },
  async holds(world) {
    await expectTag(world, `${repository}:1`, [kept]);
    await expectTag(world, `${repository}:multi`, [multi]);
  },
});

/** What operators do. */
export const OPERATIONS: readonly Scenario[] = [
  { title: 'a garbage collection', prepare: fill, steps: [collecting(false)] },
  { title: 'a garbage collection of untagged manifests', prepare: fill, steps: [collecting(true)] },
  {
    title: 'a garbage collection, and a push of what it deleted',
    prepare: fill,
    steps: [
      collecting(true),
      ...untagged.blobs.flatMap(({ bytes }) => new Upload({ repository, bytes }).steps),
      putting({ repository, image: untagged, reference: 'again' }),
    ],
  },
  {
    title: 'the switch of writes',
    steps: [
      {
        does: 'stop writes',
        act: ({ objects, time }) => writeNotice(objects, NOTICE, new OneAttempt(time?.now)),
      },
      {
        does: 'allow writes',
        act: ({ objects, time }) => writeNotice(objects, undefined, new OneAttempt(time?.now)),
      },
    ],
    async outcome({ stored }) {
      if (await readNotice(stored)) throw new Error('writes are still off');
    },
  },
];

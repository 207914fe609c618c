import { bytesOf } from '../../support/bytes.ts';
import { eventually } from '../../support/eventually.ts';
import { imageOf } from '../content.ts';
import { deleting, promoting, pushBlobs, pushImage, putting } from '../requests.ts';
import type { Scenario, Step, World } from '../scenario.ts';
import { Upload } from '../uploading.ts';

const repository = 'candidate/app';
const image = imageOf('notified');
const bytes = bytesOf('a notified blob');

/** At least once, in whichever life. */
function isTold(world: World, action: string, target: Record<string, string>): boolean {
  return world
    .accepted()
    .some(
      (event) =>
        event.action === action &&
        Object.entries(target).every(([key, value]) => event.target[key as 'digest'] === value),
    );
}

const told = (action: string, target: Record<string, string>): Step => ({
  does: `tell the receiver of the ${action}`,
  act: async (world) => {
    await eventually(`the ${action} is told`, () => isTold(world, action, target), 30_000);
  },
});

const { digest } = image;

/** What receivers hear of. */
export const NOTIFICATIONS: readonly Scenario[] = [
  {
    title: 'a push that is told',
    ...{ hasReceiver: true, isTimed: true },
    prepare: (world) => pushBlobs(world, repository, image),
    steps: [
      putting({ repository, image, reference: '1' }),
      told('push', { repository, digest, tag: '1' }),
      { does: 'shut down', act: (world) => world.shutDown() },
    ],
  },
  {
    title: 'a pushed blob that is told',
    ...{ hasReceiver: true, isTimed: true },
    steps: [
      ...new Upload({ repository, bytes }).steps,
      told('push', { repository, digest: new Upload({ repository, bytes }).digest }),
    ],
  },
  {
    title: 'a deletion that is told',
    ...{ hasReceiver: true, isTimed: true },
    prepare: (world) => pushImage(world, repository, image, '1'),
    steps: [deleting(`/v2/${repository}/manifests/1`), told('delete', { repository, tag: '1' })],
  },
  {
    title: 'a promotion that is told',
    mayDiffer: [[/lacks .*\/_manifests\/tags\/1\/index\//, 'as of every promotion that is asked for again']],
    ...{ hasReceiver: true, isTimed: true },
    prepare: (world) => pushImage(world, repository, image, '1'),
    steps: [
      promoting(`${repository}:1`, 'app:1', image),
      told('push', { repository: 'app', digest, tag: '1' }),
    ],
  },
];

import { meeting } from '../../garbage/meeting.ts';
import { bytesOf } from '../../support/bytes.ts';
import { ask, expectBytes } from '../client.ts';
import { collect, expectNothingLeft, expectStored, passing } from '../collecting.ts';
import { imageOf } from '../content.ts';
import { promoting, pushBlobs, pushImage, putting } from '../requests.ts';
import type { Scenario, Step, World } from '../scenario.ts';
import { Upload } from '../uploading.ts';

const repository = 'candidate/app';
const elsewhere = 'candidate/other';
const image = imageOf('wanted while it is deleted');
const orphan = bytesOf('wanted by nobody');

const digestOf = (bytes: Buffer) => new Upload({ repository, bytes }).digest;

/** Does something once; what was promised to the client before a death it counts on afterwards. */
async function onceIn({ memory }: World, what: string, act: () => Promise<void>): Promise<void> {
  if (memory.has(what)) return;
  await act();
  memory.set(what, 'promised');
}

/** Somebody who wants what is garbage; where that was `met` in time, it has to be there for them. */
type Wanting = (world: World, met: boolean) => Promise<void>;

/** A push that asks by HEAD or mounts before it sends anything. */
const pushing =
  (how: 'HEAD' | 'mount'): Wanting =>
  async (world, met) => {
    for (const [at, { bytes }] of image.blobs.entries()) {
      const digest = digestOf(bytes);
      const [method, target, [there, absent]] =
        how === 'HEAD'
          ? (['HEAD', `/v2/${repository}/blobs/${digest}`, [200, 404]] as const)
          : ([
              'POST',
              `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${elsewhere}`,
              [201, 202],
            ] as const);
      await onceIn(world, digest, async () => {
        // The second one it asks for when the collector has gone on.
        const { status } = await ask(world, method, target, met && at === 0 ? [there] : [there, absent]);
        if (status === absent) await new Upload({ repository, bytes }).push(world);
      });
    }
    await putting({ repository, image, reference: '1' }).act(world);
  };

/** A PUT of the manifest by a client that has pushed its blobs before; it pushes them again where it is told to. */
const puttingAnyway: Wanting = async (world, met) => {
  const put = (statuses: readonly number[]) =>
    ask(world, 'PUT', `/v2/${repository}/manifests/1`, statuses, {
      body: image.bytes,
      headers: { 'content-type': image.mediaType },
    });
  if ((await put(met ? [201] : [201, 400])).status === 201) return;
  await pushBlobs(world, repository, image);
  await put([201]);
};

/** A promotion of an untagged candidate; it is pushed again where it has gone. */
const promotingAnyway: Wanting = async (world, met) => {
  const { act } = promoting(`${repository}@${image.digest}`, 'app:1', image);
  await act(world).catch(async (error: unknown) => {
    if (met) throw error;
    await pushImage(world, repository, image, image.digest);
    await act(world);
  });
};

/** A pass that deletes what somebody wants in this moment. */
const racing = (how: string, wants: Wanting, target: string, deleteUntagged: boolean): Step => {
  const run = async (world: World, mustMeet: boolean) => {
    const want = () => wants(world, mustMeet);
    const { objects, acted, hasMet } = meeting(world.objects, 'it begins to delete', want);
    await collect({ objects, time: world.time }, { hour: 2, hasGrace: false, deleteUntagged });
    if (mustMeet && !hasMet()) throw new Error('nothing was deleted that anybody could have wanted');
    await acted();
  };
  return {
    does: `collect garbage, and meanwhile ${how}`,
    isMuchLater: true,
    act: (world) => run(world, true),
    // By then all may have been deleted.
    retry: (world) => run(world, false),
    holds: (world) => expectBytes(world, target, image.bytes),
  };
};

const race = (
  how: string,
  wants: Wanting,
  { from = repository, tagged = `/v2/${repository}/manifests/1`, deleteUntagged = false } = {},
): Scenario => ({
  title: `a collection of what is wanted in this moment: ${how}`,
  async prepare(world) {
    await pushBlobs(world, from, image);
    await new Upload({ repository, bytes: orphan }).push(world);
    if (deleteUntagged) await putting({ repository: from, image, reference: image.digest }).act(world);
  },
  steps: [
    passing({ hour: 0, hasGrace: false, deleteUntagged }),
    racing(how, wants, tagged, deleteUntagged),
    passing({ hour: 4, hasGrace: false, deleteUntagged }),
  ],
  mayDiffer: [
    [
      /lacks .*\/candidate\/other\/_layers\//,
      'whoever came too late for a mount has uploaded: from where it was to come it has gone',
    ],
    [/lacks .*\/app\/_manifests\/tags\/1\/index\//, 'as of every promotion that is asked for again'],
  ],
  async outcome(world) {
    await expectStored(world, [digestOf(orphan)], false);
    await expectNothingLeft(world);
  },
});

/** Passes over content for which somebody asks while it is deleted. */
export const COLLECTION_RACES: readonly Scenario[] = [
  race('HEAD', pushing('HEAD')),
  race('mount', pushing('mount'), { from: elsewhere }),
  race("a manifest's PUT", puttingAnyway),
  race('a promotion', promotingAnyway, { tagged: '/v2/app/manifests/1', deleteUntagged: true }),
];

import { CollectionGuard } from '../../../services/registry/content/quarantine/guard.ts';
import { MANIFEST_FACTS_PREFIX } from '../../../services/registry/content/quarantine/keys.ts';
import { parseSha256 } from '../../../services/registry/oci/digest.ts';
import { bytesOf } from '../../support/bytes.ts';
import type { Content, Image } from '../../support/image.ts';
import { ask } from '../client.ts';
import { collect, expectNothingLeft, expectStored, type Pass, passing } from '../collecting.ts';
import { imageOf, indexOf } from '../content.ts';
import { deleting, expectTag, pushBlobs, pushImage, putting } from '../requests.ts';
import type { BindingStep, Scenario, Step, World } from '../scenario.ts';
import { Upload } from '../uploading.ts';

const repository = 'candidate/app';
/** Hours after a pass in which whatever it left is brought to its end. */
const LATER = [2, 4, 6];
const kept = imageOf('kept while others go');
const deleted = imageOf('deleted, and collected');
const earlier = imageOf('what the tag named before');
const signature = imageOf('signature of what the tag named', 0, { subject: earlier });
const by512 = imageOf('deleted, and named by SHA-512', 1, { algorithm: 'sha512' });
const child = imageOf('child of an index', 0);
const multi = indexOf([child]);
const restored = imageOf('restored, and referred to');
const orphans = ['one', 'two'].map((label) => bytesOf(`orphan ${label}`));

const digestOf = (bytes: Buffer) => new Upload({ repository, bytes }).digest;
const digestsOf = ({ digest, blobs }: Image<Content>) => [
  digest,
  ...blobs.map(({ bytes }) => digestOf(bytes)),
];

const pushOrphans = async (world: World) => {
  for (const bytes of orphans) await new Upload({ repository, bytes }).push(world);
};

interface Passing extends Pass {
  /** What the tags of the repository name, throughout. */
  readonly tags?: readonly (readonly [string, Content])[];
  /** Throws unless all that is garbage has gone. */
  readonly ended: (world: World) => Promise<void>;
}

/** A pass, after which what is kept can be pulled, and later passes bring what is garbage to its end. */
const passingBy = ({ tags = [], ended, ...pass }: Passing): BindingStep => ({
  ...passing(pass),
  async holds(world) {
    for (const [tag, image] of tags) await expectTag(world, `${repository}:${tag}`, [image]);
  },
  async canGoOn(world) {
    for (const later of LATER) await collect(world, { ...pass, isAsked: false, hour: pass.hour + later });
    await ended(world);
  },
});

/** As `roadstead gc restore` does. */
const restoring = ({ bytes }: Content): BindingStep => ({
  does: 'restore what is in quarantine',
  async act({ objects }) {
    await new CollectionGuard(objects).rescue([parseSha256(digestOf(bytes))]);
  },
  holds: (world) => expectStored(world, [digestOf(bytes)], true),
  async canGoOn(world) {
    await collect(world, { hour: 2, hasGrace: false });
    await expectStored(world, [digestOf(bytes)], true);
  },
});

/** As clients ask who would push it otherwise. */
const promising = ({ bytes }: Content): Step => ({
  does: 'ask whether what is in quarantine is there',
  async act(world) {
    await ask(world, 'HEAD', `/v2/${repository}/blobs/${digestOf(bytes)}`, [200]);
  },
  holds: (world) => expectStored(world, [digestOf(bytes)], true),
});

const allGone = (garbage: readonly string[]) => async (world: World) => {
  await expectStored(world, garbage, false);
  await expectNothingLeft(world);
};

const goneWithOrphans = allGone([...digestsOf(deleted), ...orphans.map(digestOf)]);
const goneUntagged = allGone([earlier, signature, by512].flatMap(digestsOf));
const goneButRestored = allGone(orphans.map(digestOf));

/** Passes over content, as nobody disturbs them. */
export const COLLECTIONS: readonly Scenario[] = [
  {
    title: 'a collection while pushes may go on',
    async prepare(world) {
      await pushImage(world, repository, kept, '1');
      await pushImage(world, 'candidate/other', deleted, '1');
      await deleting(`/v2/candidate/other/manifests/${deleted.digest}`).act(world);
      await pushOrphans(world);
      await world.objects.put(`${MANIFEST_FACTS_PREFIX}0000000000000-00000000`, Buffer.from('damaged'));
    },
    steps: [0, 2, 4].map((hour) =>
      passingBy({ hour, isAsked: hour === 4, tags: [['1', kept]], ended: goneWithOrphans }),
    ),
    outcome: goneWithOrphans,
  },
  {
    title: 'a collection of untagged manifests while pushes may go on',
    async prepare(world) {
      await pushImage(world, repository, earlier, '1');
      await pushImage(world, repository, signature, signature.digest);
      await pushImage(world, repository, by512, '1');
      await pushImage(world, repository, kept, '1');
      await pushImage(world, repository, child, child.digest);
      await putting({ repository, image: multi, reference: 'multi' }).act(world);
    },
    steps: [0, 2, 4].map((hour) =>
      passingBy({
        ...{ hour, deleteUntagged: true, hasGrace: false, ended: goneUntagged },
        tags: [
          ['1', kept],
          ['multi', multi],
        ],
      }),
    ),
    outcome: goneUntagged,
  },
  {
    title: 'a collection from which something is restored, and something promised',
    async prepare(world) {
      await pushOrphans(world);
      await pushBlobs(world, repository, restored);
    },
    steps: [
      passing({ hour: 0, hasGrace: false }),
      ...restored.blobs.slice(0, 1).map(restoring),
      ...restored.blobs.slice(1).map(promising),
      passing({ hour: 2, hasGrace: false }),
      putting({ repository, image: restored, reference: '1' }),
      passingBy({ hour: 4, hasGrace: false, tags: [['1', restored]], ended: goneButRestored }),
    ],
    outcome: goneButRestored,
  },
];

import { pruneAudit } from '../../../services/registry/audit/prune.ts';
import { Recorder } from '../../../services/registry/audit/recorder.ts';
import { Sealer } from '../../../services/registry/audit/seal.ts';
import { verifyAudit } from '../../../services/registry/audit/verify.ts';
import type { ObjectStore } from '../../../services/registry/storage/object-store.ts';
import { writeDaily } from '../../audit/daily.ts';
import { ask } from '../client.ts';
import { collect } from '../collecting.ts';
import { imageOf } from '../content.ts';
import { expectRecorded } from '../recorded.ts';
import { deleting, promoting, pushImage, putting } from '../requests.ts';
import type { Scenario, Step } from '../scenario.ts';
import { Upload } from '../uploading.ts';

const repository = 'candidate/app';
const image = imageOf('recorded');
const other = imageOf('recorded as well');
const [config, layer] = image.blobs.map(({ bytes }) => new Upload({ repository, bytes }));
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** As a process of its own has it, a sync process or a command. */
function recorderOver(objects: ObjectStore): Recorder {
  const sealer = Sealer.of('a secret of all nodes, in a test of deaths');
  return new Recorder({ objects, node: 'another', sealer, logger: silent });
}

const audited = { isAudited: true, invariant: expectRecorded };

const collecting = (hour: number): Step => ({
  does: `collect garbage in hour ${hour}`,
  isMuchLater: true,
  async act({ objects, time }) {
    await using recorder = recorderOver(objects);
    await collect({ objects, time }, { hour, hasGrace: false }, recorder);
  },
});

const pruning: Step = {
  does: 'prune what is older than two days',
  async act({ objects }) {
    await using recorder = recorderOver(objects);
    const { outcome } = await pruneAudit(objects, {
      before: new Date(Date.now() - 50 * 3_600_000),
      record: (change) => recorder.record({ ...change, actor: { kind: 'local', name: 'local:operator' } }),
    });
    if (outcome !== 'pruned') throw new Error('the record is broken');
  },
  async holds({ stored }) {
    const { first } = await verifyAudit(stored);
    if (first !== 4) throw new Error(`the record begins with ${first}`);
  },
};

/** Changes that are recorded, and the record itself. */
export const AUDITED: readonly Scenario[] = [
  {
    ...audited,
    title: 'a push that is recorded',
    steps: [
      ...(config?.steps ?? []),
      ...(layer?.steps ?? []),
      putting({ repository, image, reference: '1' }),
    ],
  },
  {
    ...audited,
    title: 'deletes that are recorded',
    async prepare(world) {
      await pushImage(world, repository, image, '1');
      await pushImage(world, repository, other, '2');
    },
    steps: [
      deleting(`/v2/${repository}/manifests/1`),
      deleting(`/v2/${repository}/manifests/${other.digest}`),
      deleting(`/v2/${repository}/manifests/${image.digest}`),
      deleting(`/v2/${repository}/blobs/${config?.digest}`),
    ],
  },
  {
    ...audited,
    title: 'a mount that is recorded',
    prepare: (world) => pushImage(world, repository, image, '1'),
    steps: [
      {
        does: 'mount the blob',
        async act(world) {
          const target = `/v2/candidate/other/blobs/uploads/?mount=${layer?.digest}&from=${repository}`;
          await ask(world, 'POST', target, [201]);
        },
      },
    ],
  },
  {
    ...audited,
    title: 'a promotion that is recorded',
    mayDiffer: [
      [
        /lacks .*\/_manifests\/tags\/\w+\/index\//,
        'a second try finds the tag moved, as with those that are not recorded',
      ],
    ],
    prepare: (world) => pushImage(world, repository, image, '1'),
    steps: [promoting(`${repository}:1`, 'app:1', image)],
  },
  {
    ...audited,
    title: 'collections that are recorded',
    async prepare(world) {
      await pushImage(world, repository, image, '1');
      await deleting(`/v2/${repository}/manifests/${image.digest}`).act(world);
    },
    steps: [collecting(1), collecting(3)],
  },
  {
    isAudited: true,
    title: 'a pruning of the audit record',
    prepare: ({ objects }) => writeDaily(objects, 6),
    steps: [pruning],
  },
];

import { parseRepositoryName, parseUploadId } from '../../../services/registry/oci/names.ts';
import { uploadPrefix } from '../../../services/registry/storage/layout.ts';
import { listAll } from '../../../services/registry/storage/object-store.ts';
import { bytesOf } from '../../support/bytes.ts';
import { eventually } from '../../support/eventually.ts';
import { ask } from '../client.ts';
import { purgeOlderThan } from '../collecting.ts';
import type { Scenario, World } from '../scenario.ts';
import { startOfUpload, Upload } from '../uploading.ts';

const repository = 'candidate/app';
const old = new Upload({ repository, bytes: bytesOf('never closed', 600), pieces: 2 });
const young = new Upload({ repository, bytes: bytesOf('gone on with', 600), pieces: 2 });
const oldKey = `upload of ${old.digest}`;
const THEIRS = uploadPrefix(
  parseRepositoryName(repository),
  parseUploadId('7f1c1d6e-5b1f-4c55-9d1f-0123456789ab'),
);

const oldPrefix = ({ memory }: World) => {
  const [id = ''] = memory.get(oldKey)?.split('/').at(-1)?.split('?') ?? [];
  return uploadPrefix(parseRepositoryName(repository), parseUploadId(id));
};

/** Uploads that nobody goes on with, ours and Distribution's, and then a moment. */
async function leaveUploads(world: World): Promise<void> {
  for (const { act } of old.steps.slice(0, 2)) await act(world);
  for (const name of ['startedat', 'data', 'hashstates/sha256/0'])
    await world.objects.put(`${THEIRS}${name}`, Buffer.from(startOfUpload()));
  // By the clock of the store, which nobody puts on; file systems have a coarse one.
  const now = () => Math.ceil(performance.timeOrigin + performance.now());
  const moment = now() + 50;
  world.memory.set('moment', String(moment));
  await eventually('the moment has passed', () => now() > moment + 50);
}

const [begin, first, ...rest] = young.steps;

/** Uploads that go, beside one that does not. */
export const PURGES: readonly Scenario[] = [
  {
    title: 'a purge of uploads',
    prepare: leaveUploads,
    steps: [
      ...[begin, first].filter((step) => step !== undefined),
      {
        does: 'purge uploads',
        act: (world) => purgeOlderThan(world, Number(world.memory.get('moment'))),
        async holds(world) {
          await ask(world, 'GET', world.memory.get(oldKey) ?? '', [404]);
        },
      },
      ...rest,
    ],
    async outcome(world) {
      for (const prefix of [oldPrefix(world), THEIRS])
        for await (const { key } of listAll(world.objects, { prefix }))
          throw new Error(`there is still ${key}`);
    },
  },
];

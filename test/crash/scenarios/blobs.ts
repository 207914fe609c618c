import { parseRepositoryName, parseUploadId } from '../../../services/registry/oci/names.ts';
import { layerLinkKey, uploadPrefix } from '../../../services/registry/storage/layout.ts';
import { bytesOf } from '../../support/bytes.ts';
import { ask, expectBytes } from '../client.ts';
import { deleting } from '../requests.ts';
import type { Scenario } from '../scenario.ts';
import { startOfUpload, Upload } from '../uploading.ts';

const repository = 'candidate/app';
const bytes = bytesOf('a blob', 1200);
const { digest } = new Upload({ repository, bytes });

const ID = '7f1c1d6e-5b1f-4c55-9d1f-0123456789ab';

/** Two pieces of it are merged. */
const large = Buffer.alloc(5_500_000, bytes);

/** Pushes, mounts and deletes of blobs. */
export const BLOBS: readonly Scenario[] = [
  { title: 'a blob in one piece', steps: new Upload({ repository, bytes }).steps },
  { title: 'a blob in the closing PUT', steps: new Upload({ repository, bytes, pieces: 0 }).steps },
  { title: 'a blob in three pieces', steps: new Upload({ repository, bytes, pieces: 3 }).steps },
  {
    title: 'a blob whose pieces are merged, over objects that cannot grow',
    isImmutable: true,
    steps: new Upload({ repository, bytes: large, pieces: 2 }).steps,
  },
  {
    title: 'a blob named by SHA-512, in two pieces',
    steps: new Upload({ repository, bytes, pieces: 2, algorithm: 'sha512' }).steps,
  },
  {
    title: 'a blob that the store has already',
    prepare: (world) => new Upload({ repository: 'candidate/other', bytes }).push(world),
    steps: new Upload({ repository, bytes, pieces: 2 }).steps,
  },
  {
    title: 'a blob in one POST',
    steps: [
      {
        does: 'POST the blob',
        async act(world) {
          const target = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
          await ask(world, 'POST', target, [201], { body: bytes });
        },
        holds: (world) => expectBytes(world, `/v2/${repository}/blobs/${digest}`, bytes),
      },
    ],
  },
  {
    title: 'an upload that Distribution began',
    async prepare({ stored, memory }) {
      const prefix = uploadPrefix(parseRepositoryName(repository), parseUploadId(ID));
      stored.hold(`${prefix}startedat`, startOfUpload());
      stored.hold(`${prefix}data`, bytes.subarray(0, 400));
      memory.set('upload', `/v2/${repository}/blobs/uploads/${ID}`);
    },
    steps: new Upload({ repository, bytes, pieces: 2, isBegun: true }).steps,
  },
  {
    title: 'a mount',
    prepare: (world) => new Upload({ repository: 'candidate/other', bytes }).push(world),
    steps: [
      {
        does: 'mount the blob',
        async act(world) {
          const target = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=candidate/other`;
          await ask(world, 'POST', target, [201]);
        },
        holds: (world) => expectBytes(world, `/v2/${repository}/blobs/${digest}`, bytes),
      },
    ],
  },
  {
    title: 'a wrong digest',
    steps: [
      {
        does: 'begin an upload',
        act: (world) => new Upload({ repository, bytes }).begin(world),
      },
      {
        does: 'close it under another digest',
        async act(world) {
          const target = `${world.memory.get(`upload of ${digest}`)}?digest=${digest}`;
          await ask(world, 'PUT', target, [400, 404], { body: bytesOf('something else') });
        },
      },
    ],
    async outcome(world) {
      await ask(world, 'GET', `/v2/${repository}/blobs/${digest}`, [404]);
    },
  },
  {
    title: 'a cancelled upload',
    steps: [
      ...new Upload({ repository, bytes, pieces: 2 }).steps.slice(0, 2).map(({ holds: _, ...step }) => step),
      {
        does: 'cancel it',
        async act(world) {
          await ask(world, 'DELETE', world.memory.get(`upload of ${digest}`) ?? '', [204]);
        },
        async retry(world) {
          await ask(world, 'DELETE', world.memory.get(`upload of ${digest}`) ?? '', [204, 404]);
        },
        async holds(world) {
          await ask(world, 'GET', world.memory.get(`upload of ${digest}`) ?? '', [404]);
        },
      },
    ],
  },
  {
    title: "a blob's deletion",
    mayDiffer: [
      [/_layers\/sha512/, 'its other name leads nowhere once the first has gone: second-name-stale'],
    ],
    prepare: (world) => new Upload({ repository, bytes, algorithm: 'sha512' }).push(world),
    steps: [
      deleting(`/v2/${repository}/blobs/${new Upload({ repository, bytes, algorithm: 'sha512' }).digest}`),
    ],
    async outcome({ stored }) {
      const key = layerLinkKey(parseRepositoryName(repository), digest as never);
      if (stored.held.has(key)) throw new Error('the blob is still linked');
    },
  },
];

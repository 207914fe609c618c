import { ask, expectBytes } from '../../crash/client.ts';
import { deleting } from '../../crash/requests.ts';
import type { Scenario, Step } from '../../crash/scenario.ts';
import { Upload } from '../../crash/uploading.ts';
import { bytesOf } from '../../support/bytes.ts';
import { fleeting } from './fleeting.ts';

const repository = 'candidate/app';
const bytes = bytesOf('a blob', 1200);
const upload = new Upload({ repository, bytes, pieces: 2 });
const by512 = new Upload({ repository, bytes, algorithm: 'sha512' });
const { digest } = upload;
const url = `/v2/${repository}/blobs/${digest}`;
const [begin, piece] = upload.steps;

const mount: Step = {
  does: 'mount the blob',
  async act(world) {
    const target = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=candidate/other`;
    await ask(world, 'POST', target, [201]);
  },
  holds: (world) => expectBytes(world, url, bytes),
};

const cancel: Step = {
  does: 'cancel the upload',
  async act(world) {
    await ask(world, 'DELETE', world.memory.get(`upload of ${digest}`) ?? '', [204, 404]);
  },
  async holds(world) {
    await ask(world, 'GET', world.memory.get(`upload of ${digest}`) ?? '', [404]);
  },
};

/** Blobs that come and go. */
export const BLOBS: readonly Scenario[] = [
  {
    title: 'a blob that is pushed, deleted and pushed again',
    steps: [...upload.steps.map(fleeting), fleeting(deleting(url)), ...upload.steps],
  },
  { title: 'a blob that is pushed and deleted', steps: [...upload.steps.map(fleeting), deleting(url)] },
  {
    title: 'a blob by SHA-512 that is pushed, deleted and pushed again',
    steps: [...by512.steps.map(fleeting), fleeting(deleting(url)), ...by512.steps],
  },
  {
    title: 'a blob that is mounted, deleted and mounted again',
    prepare: (world) => new Upload({ repository: 'candidate/other', bytes }).push(world),
    steps: [fleeting(mount), fleeting(deleting(url)), mount],
  },
  {
    title: 'an upload that is cancelled for good',
    steps: [begin, piece]
      .filter((step) => step !== undefined)
      .map(fleeting)
      .concat(cancel),
  },
  {
    title: 'an upload that is cancelled, and another one',
    steps: [
      ...[begin, piece].filter((step) => step !== undefined).map(fleeting),
      fleeting(cancel),
      ...upload.steps,
    ],
  },
];

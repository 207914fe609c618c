import { isCycleRequested, requestCycle } from '../../../services/registry/garbage/online/progress.ts';
import { OneAttempt } from '../../../services/registry/storage/fence.ts';
import { readNotice, writeNotice } from '../../../services/registry/storage/read-only.ts';
import { passing } from '../../crash/collecting.ts';
import { imageOf } from '../../crash/content.ts';
import { deleting, pushImage, putting } from '../../crash/requests.ts';
import type { Scenario, Step } from '../../crash/scenario.ts';
import { Upload } from '../../crash/uploading.ts';
import { fleeting } from './fleeting.ts';

const repository = 'candidate/app';
const image = imageOf('collected, and pushed again');
const NOTICE = { since: new Date(0).toISOString(), by: 'an operator', reason: 'a move' };

const stopWrites: Step = {
  does: 'stop writes',
  act: ({ objects, time }) => writeNotice(objects, NOTICE, new OneAttempt(time?.now)),
  async holds({ stored }) {
    if (!(await readNotice(stored))) throw new Error('writes are allowed');
  },
};
const allowWrites: Step = {
  does: 'allow writes',
  act: ({ objects, time }) => writeNotice(objects, undefined, new OneAttempt(time?.now)),
  async holds({ stored }) {
    if (await readNotice(stored)) throw new Error('writes are still off');
  },
};
const askForCycle: Step = {
  does: 'ask for a collection',
  act: ({ objects }) => requestCycle(objects, 'an operator'),
  async holds({ stored }) {
    if (!(await isCycleRequested(stored))) throw new Error('nobody asks for a collection');
  },
};

/** What operators do, and do again. */
export const OPERATIONS: readonly Scenario[] = [
  {
    title: 'writes that are stopped, allowed and stopped again',
    steps: [fleeting(stopWrites), fleeting(allowWrites), stopWrites],
  },
  {
    title: 'writes that are stopped twice, and allowed',
    steps: [fleeting(stopWrites), fleeting(stopWrites), allowWrites],
  },
  {
    title: 'a collection that is asked for, done and asked for again',
    prepare: (world) => pushImage(world, repository, image, '1'),
    steps: [fleeting(askForCycle), passing({ hour: 0, isAsked: true }), askForCycle],
  },
  {
    title: 'a collection, and a push of what it has just deleted',
    async prepare(world) {
      await pushImage(world, repository, image, '1');
      await deleting(`/v2/${repository}/manifests/${image.digest}`).act(world);
    },
    steps: [
      passing({ hour: 0, hasGrace: false }),
      passing({ hour: 2, hasGrace: false }),
      ...image.blobs.flatMap(({ bytes }) => new Upload({ repository, bytes }).steps),
      putting({ repository, image, reference: '1' }),
    ],
  },
];

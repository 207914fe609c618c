import { imageOf } from '../../crash/content.ts';
import { expectTag, promoting, pushImage } from '../../crash/requests.ts';
import type { Scenario, World } from '../../crash/scenario.ts';
import { fleeting } from './fleeting.ts';

const candidate = 'candidate/app';
const [first, second] = [imageOf('first'), imageOf('second', 2)];

async function prepare(world: World): Promise<void> {
  await pushImage(world, candidate, first, '1');
  await pushImage(world, candidate, second, '2');
}

/** Promotions into one tag, and back. */
export const PROMOTIONS: readonly Scenario[] = [
  {
    title: 'a promotion, another one, and its undoing',
    prepare,
    steps: [
      fleeting(promoting(`${candidate}:1`, 'app:1', first)),
      fleeting(promoting(`${candidate}:2`, 'app:1', second)),
      promoting(`${candidate}@${first.digest}`, 'app:1', first),
    ],
    outcome: (world) => expectTag(world, 'app:1', [first]),
  },
];

/** Promise: a mirror that flaps is neither taken in and out all the time, nor read from the beginning each time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { awaitComplete, layerSizes, mirrorView, releaseImage } from './scene.ts';

const LAYERS = 300;
/** Whatever follows the first release is over. */
const SETTLED_MS = 5000;
const FLAPPING_MS = 60_000;
const SHARE_503 = 0.3;
const CHANGES_MAX = 3;
const LOOK_MS = 200;
/** To look whether it is well, and whether what failed was chance. */
const PROBES_PER_SECOND = 5;

describe('a mirror that answers 30 % of its requests with 503', function () {
  this.timeout(FLAPPING_MS + 90_000);
  const held = new AsyncDisposableStack();
  let mirror: FaultMirror;
  let registry: TestRegistry;
  let changes = 0;
  let requests = 0;

  before(async () => {
    mirror = held.use(await startFaultMirror());
    registry = held.use(await startRegistry({ mirrors: [mirror.entry('flapping')] }));
    await releaseImage({ node: registry, release: registry }, '1', layerSizes(LAYERS));
    await awaitComplete(registry.url, ['flapping'], 60_000);
    await sleep(SETTLED_MS);
    mirror.faults.share503 = SHARE_503;
    const until = performance.now() + FLAPPING_MS;
    const beforeFlapping = mirror.requests.length;
    let { healthy } = await mirrorView(registry.url, 'flapping');
    while (performance.now() < until) {
      await sleep(LOOK_MS);
      const view = await mirrorView(registry.url, 'flapping');
      if (view.healthy !== healthy) changes++;
      healthy = view.healthy;
    }
    requests = mirror.requests.length - beforeFlapping;
    mirror.faults.share503 = 0;
    console.log(`      in 60 s: ${changes} changes of health, ${requests} requests`);
  });
  after(() => held.disposeAsync());

  it(`changes its health at most ${CHANGES_MAX} times in a minute`, () => {
    expect(changes).to.be.at.most(CHANGES_MAX);
  });

  it('is not read from the beginning each time', () => {
    const most = PROBES_PER_SECOND * (FLAPPING_MS / 1000) + LAYERS;
    expect(requests).to.be.within(1, most);
  });

  it('is used again soon after it is well', async () => {
    await awaitComplete(registry.url, ['flapping'], 60_000);
  });
});

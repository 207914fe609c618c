/**
 * Promise: one hanging, one full and one very slow mirror among ten do not hold up the others. Measured against a registry
 * that has only the others, a release at a time on each, by turns.
 */
import { expect } from 'chai';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { startFaultMirror } from './fault-mirror.ts';
import type { Faults } from './faults.ts';
import { layerSizes, MIB, releaseImage } from './scene.ts';

const GOOD = 7;
const BAD: readonly Faults[] = [{ hangs: true }, { diskBytes: 0 }, { bytesPerSecond: 200_000 }];
const LAYERS = 4;
const LAYER_BYTES = 10 * MIB;
const PAIRS = process.env['NIGHTLY'] === '1' ? 15 : 5;
const RATIO_MAX = 1.2;

describe('the lag of seven mirrors', function () {
  this.timeout(240_000);
  const held = new AsyncDisposableStack();
  let alone: TestRegistry;
  let beside: TestRegistry;
  let images = 0;

  async function registryWith(faults: readonly Faults[]): Promise<TestRegistry> {
    const mirrors = [];
    for (const [i, each] of faults.entries())
      mirrors.push(held.use(await startFaultMirror({ faults: each })).entry(`m${i}`));
    return held.use(await startRegistry({ mirrors }));
  }

  before(async () => {
    const good: Faults[] = Array.from({ length: GOOD }, () => ({}));
    alone = await registryWith(good);
    beside = await registryWith([...BAD, ...good]);
    await timedRelease(alone);
    await timedRelease(beside);
  });
  after(() => held.disposeAsync());

  /** How long seven mirrors take to hold a new image, in ms. */
  async function timedRelease(registry: TestRegistry): Promise<number> {
    const sizes = layerSizes(LAYERS, LAYER_BYTES);
    const asked = { waitMirrors: GOOD, waitTimeoutMs: 60_000 };
    const nodes = { node: registry, release: registry };
    const { promoted, promotingMs } = await releaseImage(nodes, String(++images), sizes, asked);
    expect(promoted.lines.at(-1)?.event).to.equal('done');
    return promotingMs;
  }

  it('is the same whether or not three bad ones are configured', async () => {
    const pairs: { aloneMs: number; besideMs: number }[] = [];
    for (let i = 0; i < PAIRS; i++) {
      // Each is first as often as the other.
      const first = i % 2 === 0 ? await timedRelease(alone) : await timedRelease(beside);
      const second = i % 2 === 0 ? await timedRelease(beside) : await timedRelease(alone);
      pairs.push(i % 2 === 0 ? { aloneMs: first, besideMs: second } : { aloneMs: second, besideMs: first });
    }
    const ratios = pairs.map(({ aloneMs, besideMs }) => besideMs / aloneMs).sort((a, b) => a - b);
    const median = ratios[ratios.length >> 1] ?? Number.NaN;
    const shown = pairs.map(({ aloneMs, besideMs }) => `${Math.round(besideMs)}/${Math.round(aloneMs)}`);
    console.log(`      ms: ${shown.join(', ')}: median ratio ${median.toFixed(2)}`);
    expect(median).to.be.at.most(RATIO_MAX);
  });
});

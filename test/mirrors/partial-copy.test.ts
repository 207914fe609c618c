/**
 * Promise: a mirror holds what its public URL answers with, whatever the worker wrote, and wherever. Neither a redirect
 * nor a quorum rests on anything else.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { redirectedTo } from './asker.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import { watchRedirects } from './redirect-watch.ts';
import { lackedBy, layerSizes, mirrorView, releaseImage } from './scene.ts';

const LAYERS = 8;
const LACKED = 3;
/** A few rounds of every look that a worker has at a mirror. */
const WATCHED_MS = 8000;

describe('a mirror whose URL shows something else than was written', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  after(() => held.disposeAsync());

  /** A registry that publishes to one mirror, by WebDAV unless `write` is given. */
  async function registryWith(mirror: FaultMirror, write?: Readonly<Record<string, string>>) {
    const mirrors = [mirror.entry('odd', write && { write })];
    return held.use(await startRegistry({ mirrors }));
  }
  const release = (registry: TestRegistry, tag: string, options = {}) =>
    releaseImage({ node: registry, release: registry }, tag, layerSizes(LAYERS), options);

  describe('a part of it', () => {
    let registry: TestRegistry;
    let mirror: FaultMirror;
    let layers: readonly Descriptor[];
    const gone = new Set<string>();
    const lacked = () => layers.slice(0, LACKED);

    before(async () => {
      const root = join(held.use(await tempDir('partial')).path, 'root');
      mirror = held.use(await startFaultMirror({ root, faults: { lacks: (hex) => gone.has(hex) } }));
      registry = await registryWith(mirror, { directory: root });
      ({ layers } = await pushImage(registry.url, 'candidate/app', '1', layerSizes(LAYERS).map(newBytes)));
      for (const { digest } of lacked()) gone.add(digest.slice('sha256:'.length));
    });

    it('is never vouched for: no client is sent there for what it lacks', async () => {
      await using watch = watchRedirects(registry.url, 'app', layers);
      await registry.cli(['promote', 'candidate/app:1', 'app:1']);
      await sleep(WATCHED_MS);
      expect(watch.failures).to.deep.equal([]);
    });

    it('is named by what it lacks, with a reason', async () => {
      const view = () => mirrorView(registry.url, 'odd');
      await eventually('the blobs are named', async () => lackedBy(await view()).length === LACKED);
      const { lacks = [], missing } = await view();
      expect(lackedBy({ ...(await view()), lacks })).to.deep.equal(
        lacked()
          .map(({ digest }) => digest)
          .sort(),
      );
      expect(missing).to.equal(LACKED);
      for (const { reason, seq } of lacks) {
        expect(reason).to.include('404');
        expect(seq).to.equal(1);
      }
    });

    it('gets clients for what it has', async () => {
      const rest = layers.slice(LACKED);
      const isUsed = async () =>
        (await redirectedTo(mirror.url, registry.url, 'app', rest)).length === rest.length;
      await eventually('it is used', isUsed);
    });

    it('gets clients for the rest, too, when it has that', async () => {
      gone.clear();
      const isUsed = async () =>
        (await redirectedTo(mirror.url, registry.url, 'app', layers)).length === LAYERS;
      await eventually('it is used for all', isUsed, 30_000, 200);
    });
  });

  for (const [what, faults, reason] of [
    ['a page for everything', { html: true }, /bytes|size|page|html|digest/i],
    ['wrong bytes of the right number', { wrongBytes: true }, /digest|SHA-256|wrong bytes/i],
  ] as const)
    describe(what, () => {
      let registry: TestRegistry;
      let mirror: FaultMirror;

      before(async () => {
        mirror = held.use(await startFaultMirror({ faults }));
        registry = await registryWith(mirror);
      });

      it('satisfies no quorum', async () => {
        const asked = { waitMirrors: 1, waitTimeoutMs: WATCHED_MS };
        const { promoted } = await release(registry, '1', asked);
        expect(promoted.lines.at(-1)?.event).to.equal('failed');
        expect(promoted.lines.map(({ event }) => event)).not.to.include('tagged');
      });

      it('gets no client', async () => {
        const { layers } = await release(registry, '2');
        await using watch = watchRedirects(registry.url, 'app', layers);
        await sleep(WATCHED_MS / 2);
        expect(watch.failures).to.deep.equal([]);
        expect(watch.redirectsSince(0)).to.deep.equal([]);
      });

      it('is explained in words', async () => {
        const why = async () => {
          const { reason: down = '', trouble = '', lacks = [] } = await mirrorView(registry.url, 'odd');
          return [down, trouble, ...lacks.map((each) => each.reason)].join('\n');
        };
        await eventually('the reason is shown', async () => reason.test(await why()));
      });

      it('is used when it shows what was written', async () => {
        Object.assign(mirror.faults, { html: false, wrongBytes: false });
        const { layers } = await release(registry, '3');
        const isUsed = async () =>
          (await redirectedTo(mirror.url, registry.url, 'app', layers)).length === LAYERS;
        await eventually('it is used', isUsed, 30_000, 200);
      });
    });
});

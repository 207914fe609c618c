/**
 * Promise: a mirror gets, and serves, all that it can take. What it cannot take is named, with the reason, and keeps nothing
 * else from it.
 */
import { expect } from 'chai';
import { showTime } from '../clients/show-time.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import type { Descriptor } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type FaultMirror, startFaultMirror } from './fault-mirror.ts';
import type { Faults } from './faults.ts';
import { isUpToDate, lackedBy, layerSizes, MIB, mirrorView, releaseImage, servable } from './scene.ts';

const SMALL_LAYERS = 30;
const LARGE_BYTES = 26 * MIB;
const LATE_MS = 35_000;
/** As long as the slowest of them needs, by far. */
const DONE_MS = 90_000;
/** A blob that a mirror cannot take is not sent again and again at line rate. */
const ATTEMPTS_MAX = 4;

interface Limited {
  readonly title: string;
  readonly faults: Faults;
  /** Why it lacks the large layer; undefined if it can take it. */
  readonly lacks?: RegExp;
}

const HEALTHY = 'healthy';
const LIMITED: Readonly<Record<string, Limited>> = {
  [HEALTHY]: { title: 'a healthy one, for comparison', faults: {} },
  polite: { title: '20 requests/s, and 429 beyond', faults: { limit: { perSecond: 20, status: 429 } } },
  harsh: { title: '20 requests/s, and 503 beyond', faults: { limit: { perSecond: 20, status: 503 } } },
  headless: { title: 'no HEAD', faults: { noHead: true } },
  late: {
    title: `an answer ${LATE_MS / 1000} s after the last byte`,
    faults: { late: { ms: LATE_MS, fromBytes: MIB } },
  },
  small: { title: 'no blob over 25 MB', faults: { putMaxBytes: 25_000_000 }, lacks: /413/ },
  full: { title: 'a full disk', faults: { diskBytes: 20 * MIB }, lacks: /507|full|space/ },
};

describe('a mirror that takes not everything, or not so fast', function () {
  this.timeout(DONE_MS + 30_000);
  const held = new AsyncDisposableStack();
  const mirrors = new Map<string, FaultMirror>();
  /** When each had all that it can take, in ms since the promotion. */
  const done = new Map<string, Promise<number>>();
  let registry: TestRegistry;
  let large: Descriptor;
  let small: readonly Descriptor[];

  before(async () => {
    for (const [name, { faults }] of Object.entries(LIMITED))
      mirrors.set(name, held.use(await startFaultMirror({ faults })));
    const entries = [...mirrors].map(([name, mirror]) => mirror.entry(name));
    registry = held.use(await startRegistry({ mirrors: entries }));
    const nodes = { node: registry, release: registry };
    // The large layer comes first: what follows it must not wait for it.
    const first = await releaseImage(nodes, '1', [LARGE_BYTES, ...layerSizes(SMALL_LAYERS)]);
    const second = await releaseImage(nodes, '2', layerSizes(1));
    large = first.layers[0] as Descriptor;
    small = [...first.layers.slice(1), ...second.layers];
    for (const [name, { lacks }] of Object.entries(LIMITED)) {
      const missing = lacks ? 1 : 0;
      const isDone = async () => {
        const view = await mirrorView(registry.url, name);
        return isUpToDate(view) && view.watermark === 2 && view.missing === missing;
      };
      const soon = eventually(`${name} has what it can take`, isDone, DONE_MS, 200);
      soon.catch(() => undefined);
      done.set(name, soon);
    }
  });
  after(() => held.disposeAsync());

  for (const [name, { title, lacks }] of Object.entries(LIMITED)) {
    const mirrorOf = () => mirrors.get(name) as FaultMirror;
    describe(title, () => {
      it('gets all that it can take', async function () {
        const tookMs = await done.get(name);
        const besideMs = await done.get(HEALTHY);
        showTime(this.test, tookMs ?? Number.NaN);
        if (this.test && name !== HEALTHY)
          this.test.title += `, a healthy one ${((besideMs ?? Number.NaN) / 1000).toFixed(1)} s`;
      });

      it('serves it', async () => {
        const can = lacks ? small : [large, ...small];
        expect(await servable(registry.url, name, can)).to.deep.equal(can);
        const [{ digest } = large] = small;
        const hex = digest.slice('sha256:'.length);

        const { url } = mirrorOf();
        const read = async () =>
          fetch(`${url}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`);
        let bytes = Buffer.alloc(0);
        await eventually('it answers', async () => {
          const answer = await read();
          bytes = Buffer.from(await answer.arrayBuffer());
          return answer.ok;
        });
        expect(sha256(bytes)).to.equal(digest);
      });

      if (lacks === undefined) return;

      it('is named with what it lacks, and why', async () => {
        const view = await mirrorView(registry.url, name);
        expect(lackedBy(view)).to.deep.equal([large.digest]);
        const [lacked] = view.lacks ?? [];
        expect(lacked).to.deep.include({ sizeBytes: LARGE_BYTES, seq: 1 });
        expect(lacked?.reason).to.match(lacks);
        const { stdout } = await registry.cli(['mirrors']);
        expect(stdout).to.match(new RegExp(`${name} lacks 1 blob`));
        expect(stdout).to.include(large.digest.slice(0, 'sha256:'.length + 8));
        expect(stdout).to.match(/publication 1\b/);
        expect(stdout).to.match(lacks);
      });

      it('is not sent that again and again', () => {
        const hex = large.digest.slice('sha256:'.length);
        // One that is refused by its header may not even have begun.
        const attempts = mirrorOf().requests.filter(
          ({ method, path }) => method === 'PUT' && path.endsWith(hex),
        );
        expect(attempts).to.have.lengthOf.within(1, ATTEMPTS_MAX);
      });
    });
  }
});

import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { type Hit, KillRun } from './kill-run.ts';
import { namesIn } from './store-view.ts';

/** Most of a round is a start: many of them take minutes, and are for the night. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? (process.env['NIGHTLY'] === '1' ? 200 : 40));
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 2 ** 31);
const ALL_TAGS_EVERY = 20;
const HITS: readonly Hit[] = ['upload', 'manifest', 'promotion', 'sync'];

describe(`a registry that is killed ${ROUNDS} times in the midst of its work`, () => {
  let run: KillRun;
  let survived = false;
  before(async function () {
    this.timeout(30_000);
    run = await KillRun.start(SEED);
  });
  after(() => run?.[Symbol.asyncDispose]());

  it('forgets nothing that it acknowledged, and shows nothing that is incomplete', async function () {
    this.timeout(60_000 + ROUNDS * 6000);
    const startedAt = performance.now();
    for (let round = 1; round <= ROUNDS; round++)
      try {
        await run.round();
        if (round % ALL_TAGS_EVERY === 0 || round === ROUNDS) await run.checkTags(run.world.tags.keys());
      } catch (cause) {
        throw new Error(`round ${round} of KILL_SEED=${SEED}: ${cause}`, { cause });
      }
    survived = true;
    const seconds = (ms: number) => Math.round(ms / 100) / 10;
    const tookMs = performance.now() - startedAt;
    console.log(
      `      ${ROUNDS} kills in ${seconds(tookMs)} s, of which ${seconds(run.startingMs)} s were starts; seed ${SEED}`,
    );
  });

  describe('afterwards', () => {
    before(function () {
      if (!survived) this.skip();
    });

    it('was hit in every kind of operation', () => {
      const { hits, world, mirror, store, resumed } = run;
      console.log(`      kills that hit: ${JSON.stringify(hits)}; uploads resumed after one: ${resumed}`);
      console.log(
        `      ${world.candidates.length} candidates, ${store.entries.length} publications, ` +
          `${mirror.redirected} pulls redirected, ${mirror.served} served`,
      );
      for (const hit of HITS) expect(hits[hit], hit).to.be.at.least(ROUNDS / 20);
      expect(mirror.redirected).to.be.at.least(ROUNDS / 4);
    });

    it('brings the mirror up to the end of the log, from which every published blob is then pulled', async function () {
      this.timeout(60_000);
      await run.waitForMirror(20_000);
      const published = [...run.world.promoted.values()];
      const small = published.filter((blob) => blob.sizeBytes <= 64 * 1024).length;
      // The registry hears of the mirror's end of the log, and sees that it is up, a moment later.
      await eventually(`only ${small} small blobs are served by the registry itself`, async () => {
        const before = run.mirror.served;
        for (const blob of published) await run.pull(blob);
        return run.mirror.served - before === small;
      });
    });

    it('has let nothing out to the mirror but what the log publishes, and left nothing half-written there', async () => {
      const held = await run.mirror.held();
      const published = run.store.published();
      expect(held.filter((digest) => !published.has(digest))).to.deep.equal([]);
      expect(held.length).to.equal(published.size);
      expect(await namesIn(join(run.mirror.root, '.incoming'))).to.deep.equal([]);
    });
  });
});

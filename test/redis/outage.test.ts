/** Promise: whatever becomes of Redis, pulls go on, none fails and none waits for it, and tags can be moved. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { sha256 } from '../support/digest.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { nightly, requires } from '../support/requirements.ts';
import { startTwoNodes, type TestNode, type TwoNodes } from './nodes.ts';

/** No pull may be slower, on a machine that has other things to do. */
const SLOWEST_MS = 1000;
const PHASE_MS = 2500;
/** One that waits for Redis does so each time. */
const ATTEMPTS = 3;

nightly(requires(['redis-server', 'redis-cli']))('pulls while Redis comes and goes', () => {
  let nodes: TwoNodes;
  before(async function () {
    this.timeout(60_000);
    nodes = await startTwoNodes();
  });
  after(() => nodes[Symbol.asyncDispose]());

  it('continue: none fails, none waits, and tags move', async function () {
    this.timeout(ATTEMPTS * 60_000);
    const slowestMs: number[] = [];
    while (slowestMs.length < ATTEMPTS) {
      slowestMs.push(await pullThrough());
      if (Math.min(...slowestMs) < SLOWEST_MS) return;
    }
    throw new Error(`the slowest pulls took ${slowestMs.join(', ')} ms`);
  });

  /** Takes Redis through all that can become of it, while clients pull; how long the slowest pull took, ms. */
  async function pullThrough(): Promise<number> {
    const { here, there, redis } = nodes;
    const images = [await pushImage(here.url, 'app', 'one'), await pushImage(here.url, 'app', 'two')];
    const [first, second] = images;
    if (first === undefined || second === undefined) throw new Error('nothing was pushed');
    const paths = [
      ...['one', 'two', 'moving', first.digest].map((reference) => `/v2/app/manifests/${reference}`),
      ...[...first.layers, second.config].map(({ digest }) => `/v2/app/blobs/${digest}`),
    ];
    const move = async (count: number) => {
      const { bytes } = count % 2 === 0 ? first : second;
      return here.put('/v2/app/manifests/moving', bytes, MEDIA_TYPES.image);
    };
    expect(await move(0)).to.equal(201);

    const loggedBefore = there.log().length;
    let isOver = false;
    const told = { pulls: 0, moves: 0, slowestMs: 0, wrong: [] as string[] };
    const timed = async (what: string, act: () => Promise<string | undefined>) => {
      const startedAt = performance.now();
      const wrong = await act().catch((error: unknown) => String(error));
      if (wrong !== undefined) told.wrong.push(`${what}: ${wrong}`);
      told.slowestMs = Math.max(told.slowestMs, performance.now() - startedAt);
    };
    const pull = (node: TestNode, path: string) =>
      timed(path, async () => {
        const { status, digest, body } = await node.get(path);
        told.pulls++;
        return status === 200 && sha256(body) === digest ? undefined : `${status} ${digest}`;
      });
    const pulling = async (node: TestNode) => {
      for (let i = 0; !isOver; i++) await pull(node, paths[i % paths.length] ?? '');
    };
    const moving = async () => {
      for (; !isOver; await sleep(20))
        await timed('a move', async () => {
          const status = await move(++told.moves);
          return status === 201 ? undefined : String(status);
        });
    };
    const working = [pulling(here), pulling(here), pulling(there), pulling(there), moving()];

    const phases: (() => Promise<unknown>)[] = [
      async () => undefined,
      () => redis.signal('SIGSTOP'),
      () => redis.signal('SIGCONT'),
      () => redis.cli('FLUSHALL'),
      () => redis.cli('CONFIG', 'SET', 'requirepass', 'of-others'),
      () => redis.cli('-a', 'of-others', 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'),
      () => redis.signal('SIGKILL'),
      () => redis.start(),
    ];
    const pullsOf: number[] = [];
    for (const phase of phases) {
      const before = told.pulls;
      await phase();
      await sleep(PHASE_MS);
      pullsOf.push(told.pulls - before);
    }
    isOver = true;
    await Promise.all(working);

    expect(told.wrong).to.deep.equal([]);
    expect(Math.min(...pullsOf)).to.be.above(100);
    expect(told.moves).to.be.above(100);
    const metrics = await there.metrics();
    expect(metrics).to.match(/^roadstead_redis_errors_total\{use="changes"\} [1-9]/m);
    const lines =
      there
        .log()
        .slice(loggedBefore)
        .match(/"Redis (?:is up|does not answer|refuses the login)[^"]*"/g) ?? [];
    // It was there, froze, came back, refused us, was killed, came back: a line each, whatever the number of failures.
    expect(lines.length, lines.join()).to.be.within(4, 8);
    console.log(
      `      ${told.pulls} pulls, ${told.moves} moves, the slowest ${told.slowestMs.toFixed(0)} ms; pulls while Redis ` +
        `is frozen ${ratio(pullsOf[1], pullsOf[0])}, killed ${ratio(pullsOf[6], pullsOf[0])} of those with it`,
    );
    return told.slowestMs;
  }
});

function ratio(count = Number.NaN, of = Number.NaN): string {
  return (count / of).toFixed(2);
}

/**
 * Promise: a tag that was moved on one node is seen on another within 50 ms in 99 of 100 cases, and within a second
 * when Redis is gone; who moved it sees it at once (docs/architecture.md, "How stale an answer can be").
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { cpuWaitMs } from '../support/cpu.ts';
import { eventually } from '../support/eventually.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { requires } from '../support/requirements.ts';
import { startTwoNodes, type TwoNodes } from './nodes.ts';

const MOVES = 500;
const P99_MS = 50;
/** The bound by the caches' own age limit, and some milliseconds for the request that finds out. */
const BOUND_MS = 1000 + 100;
/** Each of these rounds has to hold. */
const ROUNDS = 3;
/** A round during which processes waited for a processor for this share of it says nothing of its slowest cases. */
const BUSY_SHARE = 0.2;
/** So many rounds may be held up by something else. */
const LATE_ROUNDS_MAX = 5;
/** Moves without Redis that have to be seen within the bound, and how many more may miss it. */
const MOVES_ALONE = 12;
const MISSES_MAX = 3;

requires(['redis-server', 'redis-cli'])('a tag that was moved on another node', () => {
  let nodes: TwoNodes;
  let images: readonly { readonly digest: string; readonly bytes: Buffer }[];
  before(async function () {
    this.timeout(60_000);
    nodes = await startTwoNodes();
    images = [await pushImage(nodes.here.url, 'app', 'one'), await pushImage(nodes.here.url, 'app', 'two')];
  });
  after(() => nodes[Symbol.asyncDispose]());

  const path = (tag: string) => `/v2/app/manifests/${tag}`;

  /** Moves a tag here, and asks there, which knew it before, until that answers with it: how long it did not, ms. */
  async function seenAfter(tag: string, move: number): Promise<number> {
    const image = images[move % images.length];
    if (image === undefined) throw new Error('there are no images');
    await nodes.there.get(path(tag));
    const status = await nodes.here.put(path(tag), image.bytes, MEDIA_TYPES.image);
    const movedAt = performance.now();
    const [asked, seen] = await Promise.all([nodes.here.get(path(tag)), untilSeen(tag, image.digest)]);
    expect({ status, digest: asked.digest }).to.deep.equal({ status: 201, digest: image.digest });
    return seen - movedAt;
  }

  async function untilSeen(tag: string, digest: string): Promise<number> {
    const deadline = performance.now() + 5000;
    while (performance.now() < deadline)
      if ((await nodes.there.get(path(tag))).digest === digest) return performance.now();
    throw new Error(`${tag} is not seen after 5 s`);
  }

  it(`is seen within ${P99_MS} ms, in 99 of 100 cases of ${MOVES}`, async function () {
    this.timeout((ROUNDS + LATE_ROUNDS_MAX) * 40_000);
    const measured: string[] = [];
    let held = 0;
    let sound = 0;
    let late = 0;
    while (held < ROUNDS || sound === 0) {
      const [startedAt, waitedMs] = [performance.now(), cpuWaitMs()];
      const timesMs: number[] = [];
      for (let move = 0; move < MOVES; move++) timesMs.push(await seenAfter('moving', move));
      const busyShare = (cpuWaitMs() - waitedMs) / (performance.now() - startedAt);
      timesMs.sort((a, b) => a - b);
      const at = (share: number) => timesMs[Math.ceil(share * timesMs.length) - 1] ?? Number.NaN;
      const [median = Number.NaN, p99 = Number.NaN, most = Number.NaN] = [at(0.5), at(0.99), at(1)].map(
        (ms) => Number(ms.toFixed(1)),
      );
      measured.push(
        `p50 ${median} ms, p99 ${p99} ms, most ${most} ms, busy ${(100 * busyShare).toFixed()} %`,
      );
      const isSound = p99 <= P99_MS && most < BOUND_MS;
      if (isSound) sound++;
      if (isSound || (busyShare >= BUSY_SHARE && median <= P99_MS)) held++;
      // One round at least has to be within it, however busy the machine is.
      if (!isSound && (busyShare < BUSY_SHARE || ++late > LATE_ROUNDS_MAX)) expect.fail(measured.join('; '));
    }
    console.log(`      ${measured.join('; ')}`);
  });

  it('is seen within a second when Redis is gone, and at once again when it is back', async function () {
    this.timeout(60_000);
    await nodes.redis.signal('SIGKILL');
    const timesMs: number[] = [];
    // The bound leaves a busy machine a tenth of a second: a move that misses it is made again, but not often.
    const within = () => timesMs.filter((ms) => ms < BOUND_MS).length;
    for (let move = 0; within() < MOVES_ALONE; move++) {
      timesMs.push(await seenAfter('alone', move));
      expect(timesMs.length - within(), timesMs.join(' ms, ')).to.be.at.most(MISSES_MAX);
    }
    // Without messages only its age ends an answer: else the test above would prove nothing.
    expect(Math.max(...timesMs)).to.be.above(100);

    await nodes.redis.start();
    const isUp = async () => (await nodes.there.metrics()).includes('roadstead_redis_up{mode="single"} 1');
    await eventually('Redis is back', isUp, 10_000);
    let attempts = 0;
    while ((await seenAfter('back', attempts++)) > P99_MS) expect(attempts).to.be.below(20);
  });

  it('and content that was deleted there while Redis was gone is forgotten when it is back', async function () {
    this.timeout(60_000);
    await nodes.redis.signal('SIGKILL');
    // What was said before may still make a node forget all that it knows, a second later at most.
    await sleep(2000);
    const image = await pushImage(nodes.here.url, 'app', 'going');
    const statusThere = async () => (await nodes.there.get(path(image.digest))).status;
    expect(await statusThere()).to.equal(200);
    expect(await nodes.here.delete(path(image.digest))).to.equal(202);
    expect((await nodes.here.get(path(image.digest))).status).to.equal(404);
    // Nobody could tell this node, and it may believe what it knows for 30 s.
    expect(await statusThere()).to.equal(200);
    await nodes.redis.start();
    await eventually('it is forgotten', async () => (await statusThere()) === 404, 12_000);
  });
});

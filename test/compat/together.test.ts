/**
 * Promise: both registries may run at once over one directory, for as long as a migration takes. Pushes, moves and
 * pulls through either do not harm the other: what a tag names last is the same at both, and pulls whole.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AssertionError, expect } from 'chai';
import pMap from 'p-map';
import { pushBlob, pushImage, pushIndex, putManifest } from '../protocol/pushing.ts';
import { type Answer, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { hexOf } from '../support/digest.ts';
import { type Image, MEDIA_TYPES } from '../support/image.ts';
import { besideDistribution } from './beside.ts';
import { askCollector } from './collector.ts';
import { askForManifest, expectSamePull, listPages, tagged } from './pulling.ts';

const ROUNDS = 2;
const PUSHES_A_ROUND = 10;
/** 2.8 writes links where they lie, and empties them first: now and then it does not know a blob that it holds. */
const PUSHES_MAX = 5;
const READING_MS = 2000;
/** No answer of ours about a tag is older, and a little more. */
const TAGS_SETTLE_MS = 1200;

function oneOf<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T;
}

besideDistribution('one directory, both at once', (pair) => {
  /** As somebody who pushes does when Distribution has refused it. Of ours, nothing may be refused. */
  async function persistently<T>(url: string, push: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await push();
      } catch (error) {
        const isItsOwnRace = error instanceof AssertionError && /BLOB_UNKNOWN/.test(error.message);
        if (url !== pair.theirs.url || !isItsOwnRace || tries === PUSHES_MAX) throw error;
      }
    }
  }

  it('pushes through both, in any order and at the same time, leave what each of them serves alike', async function () {
    this.timeout(60_000);
    const names = ['busy', 'busy/nested', 'other'];
    const tags = ['a', 'b', 'a-b', '1.0'];
    // Shared, so that both write the same links and blobs at the same moment.
    const layers = [newBytes(), newBytes(300_000), Buffer.alloc(0)];
    const pushed: { name: string; image: Image }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await pMap(
        Array.from({ length: PUSHES_A_ROUND }, (_, i) => names[i % names.length] as string),
        async (name) => {
          const [one, other] = [oneOf([pair.ours, pair.theirs]).url, oneOf([pair.ours, pair.theirs]).url];
          const content = [oneOf(layers), oneOf(layers), newBytes()];
          const image = await persistently(one, () => pushImage(one, name, oneOf(tags), content));
          pushed.push({ name, image });
          await persistently(other, async () => {
            const moved = await putManifest(other, name, oneOf(tags), image.bytes, MEDIA_TYPES.image);
            expect(moved.status, moved.body.toString()).to.equal(201);
          });
          if (Math.random() < 0.3)
            await persistently(other, () => pushIndex(other, name, oneOf(tags), [image]));
        },
        { concurrency: 6 },
      );
      await sleep(TAGS_SETTLE_MS);
      for (const name of names) {
        const [ours = [], theirs = []] = await Promise.all(
          [pair.ours, pair.theirs].map(({ url }) => listPages(url, `/v2/${name}/tags/list`, 'tags')),
        );
        expect(ours).to.have.members(theirs);
        for (const tag of ours) {
          expect(await tagged(pair.ours.url, name, tag)).to.equal(await tagged(pair.theirs.url, name, tag));
          await expectSamePull(pair, name, tag);
        }
      }
    }
    for (const { name, image } of pushed.slice(-PUSHES_A_ROUND))
      await expectSamePull(pair, name, image.digest);
    const { blobs, manifests } = await askCollector(pair.theirs);
    expect([...blobs, ...manifests]).to.deep.equal([]);
  });

  it('an upload that ends through one takes no directory from the other, which may be in it by then', async () => {
    const name = 'ending';
    await pushBlob(pair.ours.url, name, newBytes());
    const uploads = join(pair.theirs.rootDirectory, `docker/registry/v2/repositories/${name}/_uploads`);
    expect(await readdir(uploads)).to.deep.equal([]);
  });

  it('what Distribution rewrites all the time is there for us at any moment', async function () {
    this.timeout(30_000);
    const name = 'restless';
    const images = [await pushImage(pair.theirs.url, name, '1'), await pushImage(pair.theirs.url, name, '2')];
    const [subject, other] = images as [Image, Image];
    const indexes = [
      await pushIndex(pair.theirs.url, name, 'index', [subject]),
      await pushIndex(pair.theirs.url, name, 'index', [other]),
    ];
    const layer = subject.layers[0]?.digest;
    const fallbackTag = `sha256-${hexOf(subject.digest)}`;
    const until = performance.now() + READING_MS;
    const failures: string[] = [];
    const note = (what: string, { status, body }: Answer, wanted: number) => {
      if (status !== wanted) failures.push(`${what}: ${status} ${body}`);
    };
    const repeat = async (act: () => Promise<void>) => {
      while (performance.now() < until) await act();
    };
    // 2.8 itself answers some of these with 400.
    const writing = async () => {
      for (const { bytes } of indexes)
        await putManifest(pair.theirs.url, name, fallbackTag, bytes, MEDIA_TYPES.index);
      for (const { bytes } of images) await putManifest(pair.theirs.url, name, '1', bytes, MEDIA_TYPES.image);
      const target = `/v2/${name}/blobs/uploads/?mount=${layer}&from=${name}`;
      await send(pair.theirs.url, target, { method: 'POST' });
    };
    // Requests of ours that look into the store each time, not into what is remembered.
    const reading = async () => {
      note('referrers', await send(pair.ours.url, `/v2/${name}/referrers/${subject.digest}`), 200);
      note('push', await putManifest(pair.ours.url, name, 'own', subject.bytes, MEDIA_TYPES.image), 201);
      const mount = `/v2/borrower/blobs/uploads/?mount=${layer}&from=${name}`;
      note('mount', await send(pair.ours.url, mount, { method: 'POST' }), 201);
      note('pull', await askForManifest(pair.ours.url, name, '1'), 200);
    };
    await Promise.all([repeat(writing), repeat(writing), repeat(reading), repeat(reading), repeat(reading)]);
    expect(failures).to.deep.equal([]);
    await sleep(TAGS_SETTLE_MS);
    await expectSamePull(pair, name, '1');
  });
});

/**
 * Promise: of clients that move a tag only if it names what they think, on whichever nodes, none undoes what another
 * was told is done; and one that dies with its turn keeps the others waiting for a bounded time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { contentOf } from '../../services/registry/content/content.ts';
import type { TagCondition } from '../../services/registry/content/tag-moves.ts';
import type { Tags } from '../../services/registry/content/tags.ts';
import { type Digest, digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { tagClaimKey, tagClaimsPrefix } from '../../services/registry/storage/layout.ts';
import { listAll, type ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { rejection } from '../contract/area.ts';
import { gather } from '../support/gather.ts';
import { intercepted } from '../support/intercepted.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { tempDir } from '../support/temp.ts';

const NAME = parseRepositoryName('hello');
const TAG = parseTag('latest');
const NODES = 4;
/** What a claim may last for its own part, and for clocks that differ, after its holder has died. */
const CLAIM_MS = 10_000;
const SKEW_MS = 5_000;

const version = (n: number): Sha256Digest => digestOf(Buffer.from(String(n)));
const to = (canonicalDigest: Sha256Digest) => ({ canonicalDigest, digest: canonicalDigest });
const is = (...digests: Digest[]): TagCondition => ({ kind: 'one-of', digests });

/** Moves the tag from the version that it has to the next, and tries again until that is done. */
async function increment(tags: Tags, numbers: Map<Digest, number>): Promise<void> {
  for (;;) {
    const now = await tags.resolve(NAME, TAG);
    if (now === undefined) throw new Error('the tag has gone');
    const next = (numbers.get(now) ?? Number.NaN) + 1;
    try {
      return await tags.moveIf(NAME, TAG, to(version(next)), is(now));
    } catch (error) {
      if (!(error instanceof RegistryError && error.kind === 'TAG_MOVED')) throw error;
    }
  }
}

/** Holds a node's calls of one kind until it is let go. */
function held(objects: ObjectStore, method: 'put' | 'putIfAbsent', isHeld: (key: string) => boolean) {
  const [arrived, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const store = intercepted(objects, async ({ name, args, proceed }) => {
    if (name === method && isHeld(String(args[0]))) {
      arrived.resolve();
      await gate.promise;
    }
    return proceed();
  });
  return { store, arrived: arrived.promise, letGo: gate.resolve };
}

describe('conditional moves of a tag', function () {
  this.timeout(60_000);

  it('lose no increment of many that race, through several stores as several nodes have them', async () => {
    await using home = await tempDir('moves');
    const open = () => FilesystemStore.open({ rootDirectory: home.path, sync: false });
    const nodes = await Promise.all(Array.from({ length: NODES }, async () => contentOf(await open()).tags));
    const total = 60;
    const numbers = new Map(Array.from({ length: total + 1 }, (_, n) => [version(n), n] as const));
    await nodes[0]?.move(NAME, TAG, to(version(0)));
    await Promise.all(
      nodes.map(async (tags) => {
        for (let i = 0; i < total / NODES; i++) await increment(tags, numbers);
      }),
    );
    expect(await nodes[0]?.resolve(NAME, TAG)).to.equal(version(total));
  });

  it('let one of many win that say the same, whatever it is that they say', async () => {
    const conditions = fc.constantFrom<TagCondition>(
      { kind: 'absent' },
      is(version(0)),
      is(version(1), version(0)),
    );
    await fc.assert(
      fc.asyncProperty(conditions, fc.integer({ min: 1, max: 8 }), async (condition, count) => {
        const objects = new MemoryStore();
        if (condition.kind !== 'absent') await contentOf(objects).tags.move(NAME, TAG, to(version(0)));
        const moves = Array.from({ length: count }, (_, i) =>
          contentOf(objects).tags.moveIf(NAME, TAG, to(version(100 + i)), condition),
        );
        const outcomes = await Promise.allSettled(moves);
        const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
        expect(winners).to.have.length(1);
        for (const outcome of outcomes)
          if (outcome.status === 'rejected') expect(outcome.reason).to.include({ kind: 'TAG_MOVED' });
        expect(await contentOf(objects).tags.resolve(NAME, TAG)).to.equal(version(100 + (winners[0] ?? 0)));
      }),
      { numRuns: 25 },
    );
  });

  it('are done exactly when the condition holds, one after the other', async () => {
    const digest = fc.integer({ min: 0, max: 3 }).map(version);
    const condition = fc.oneof(
      fc.constantFrom<TagCondition>({ kind: 'absent' }, { kind: 'present' }),
      fc.array(digest, { maxLength: 3 }).map((digests): TagCondition => is(...digests)),
    );
    const step = fc.oneof(
      fc.record({ next: digest, condition: fc.option(condition, { nil: undefined }) }),
      fc.constant('delete' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { tags } = contentOf(new MemoryStore());
        let now: Digest | undefined;
        for (const each of steps) {
          if (each === 'delete') {
            expect(await tags.has(NAME, TAG)).to.equal(now !== undefined);
            await tags.delete(NAME, TAG);
            now = undefined;
            continue;
          }
          const { next, condition: when } = each;
          const holds =
            when === undefined ||
            (when.kind === 'absent' && now === undefined) ||
            (when.kind === 'present' && now !== undefined) ||
            (when.kind === 'one-of' && now !== undefined && when.digests.includes(now));
          const move = when ? tags.moveIf(NAME, TAG, to(next), when) : tags.move(NAME, TAG, to(next));
          if (holds) await move;
          else expect(await rejection(move)).to.include({ kind: 'TAG_MOVED' });
          if (holds) now = next;
          expect(await tags.resolve(NAME, TAG)).to.equal(now);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never give a turn to one that looked long ago, when turns were taken and cleared away since', async () => {
    const objects = new MemoryStore();
    const { tags } = contentOf(objects);
    await tags.move(NAME, TAG, to(version(0)));
    const stay = () => tags.moveIf(NAME, TAG, to(version(0)), is(version(0)));
    await stay();
    let isSlow = true;
    const slow = held(objects, 'putIfAbsent', () => isSlow);
    const slower = held(slow.store, 'put', (key) => key.endsWith('/current/link'));
    const late = contentOf(slower.store).tags.moveIf(NAME, TAG, to(version(1)), is(version(0)));
    await slow.arrived;
    await stay();
    await stay();
    isSlow = false;
    slow.letGo();
    // Held where it writes. With a turn of its own, the other one waits; without, the other writes meanwhile.
    await slower.arrived;
    const other = tags.moveIf(NAME, TAG, to(version(2)), is(version(0)));
    await Promise.race([other.catch(() => undefined), sleep(300)]);
    slower.letGo();
    const outcomes = await Promise.allSettled([late, other]);
    expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
  });

  it('wait for one that died with its turn until that has run out, and no longer', async () => {
    const objects = new MemoryStore();
    const { tags } = contentOf(objects);
    await tags.move(NAME, TAG, to(version(0)));
    // As a holder leaves it that died when nearly all of its time was over.
    const leftMs = 700;
    const until = Date.now() - SKEW_MS + leftMs;
    await objects.put(tagClaimKey(NAME, TAG, 41), Buffer.from(JSON.stringify({ until })));
    const startedAt = performance.now();
    await tags.moveIf(NAME, TAG, to(version(1)), is(version(0)));
    const tookMs = performance.now() - startedAt;
    // Waiting for a whole claim from now on would take `CLAIM_MS`.
    expect(tookMs).to.be.within(leftMs - 100, CLAIM_MS / 2);
    expect(await tags.resolve(NAME, TAG)).to.equal(version(1));
  });

  it('claim no more time than they say, and leave one claim behind however many there were', async () => {
    const objects = new MemoryStore();
    const { tags } = contentOf(objects);
    await tags.move(NAME, TAG, to(version(0)));
    const slow = held(objects, 'put', (key) => key.endsWith('/current/link'));
    const move = contentOf(slow.store).tags.moveIf(NAME, TAG, to(version(1)), is(version(0)));
    await slow.arrived;
    const bytes = await objects.read(tagClaimKey(NAME, TAG, 1), 1000);
    const { until } = JSON.parse(String(bytes)) as { until: number };
    expect(until - Date.now()).to.be.within(0, CLAIM_MS);
    slow.letGo();
    await move;
    for (let n = 1; n < 10; n++) await tags.moveIf(NAME, TAG, to(version(n + 1)), is(version(n)));
    const claims = await gather(listAll(objects, { prefix: tagClaimsPrefix(NAME, TAG) }));
    expect(claims.map(({ key }) => key)).to.deep.equal([tagClaimKey(NAME, TAG, 10)]);
  });
});

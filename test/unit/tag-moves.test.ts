/**
 * Promise: of clients that move a tag only if it names what they think, on whichever nodes, none undoes what another
 * was told is done.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type Content, contentOf } from '../../services/registry/content/content.ts';
import type { TagCondition } from '../../services/registry/content/tag-condition.ts';
import { type Digest, digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { rejection } from '../contract/area.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { moveTag } from '../support/tag-moves.ts';
import { tempDir } from '../support/temp.ts';

const NAME = parseRepositoryName('hello');
const TAG = parseTag('latest');
const NODES = 4;

const version = (n: number): Sha256Digest => digestOf(Buffer.from(String(n)));
const to = (canonicalDigest: Sha256Digest) => ({ canonicalDigest, digest: canonicalDigest });
const is = (...digests: Digest[]): TagCondition => ({ kind: 'one-of', digests });

/** Moves the tag from the version that it has to the next, and tries again until that is done. */
async function increment(content: Content, numbers: Map<Digest, number>): Promise<void> {
  for (;;) {
    const now = await content.tags.resolve(NAME, TAG);
    if (now === undefined) throw new Error('the tag has gone');
    const next = (numbers.get(now) ?? Number.NaN) + 1;
    try {
      return await moveTag(content, NAME, TAG, to(version(next)), is(now));
    } catch (error) {
      if (!(error instanceof RegistryError && error.kind === 'TAG_MOVED')) throw error;
    }
  }
}

describe('conditional moves of a tag', function () {
  this.timeout(60_000);

  it('lose no increment of many that race, through several stores as several nodes have them', async () => {
    await using home = await tempDir('moves');
    const open = () => FilesystemStore.open({ rootDirectory: home.path, sync: false });
    const nodes = await Promise.all(Array.from({ length: NODES }, async () => contentOf(await open())));
    const total = 60;
    const numbers = new Map(Array.from({ length: total + 1 }, (_, n) => [version(n), n] as const));
    const [first] = nodes as [Content];
    await moveTag(first, NAME, TAG, to(version(0)));
    await Promise.all(
      nodes.map(async (node) => {
        for (let i = 0; i < total / NODES; i++) await increment(node, numbers);
      }),
    );
    expect(await first.tags.resolve(NAME, TAG)).to.equal(version(total));
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
        if (condition.kind !== 'absent') await moveTag(contentOf(objects), NAME, TAG, to(version(0)));
        const moves = Array.from({ length: count }, (_, i) =>
          moveTag(contentOf(objects), NAME, TAG, to(version(100 + i)), condition),
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
        const content = contentOf(new MemoryStore());
        const { tags } = content;
        let now: Digest | undefined;
        for (const each of steps) {
          if (each === 'delete') {
            expect(await tags.has(NAME, TAG)).to.equal(now !== undefined);
            await tags.delete(NAME, [TAG], OPEN_FENCE);
            now = undefined;
            continue;
          }
          const { next, condition: when } = each;
          const holds =
            when === undefined ||
            now === next ||
            (when.kind === 'absent' && now === undefined) ||
            (when.kind === 'present' && now !== undefined) ||
            (when.kind === 'one-of' && now !== undefined && when.digests.includes(now));
          const move = moveTag(content, NAME, TAG, to(next), when);
          if (holds) await move;
          else expect(await rejection(move)).to.include({ kind: 'TAG_MOVED' });
          if (holds) now = next;
          expect(await tags.resolve(NAME, TAG)).to.equal(now);
        }
      }),
      { numRuns: 300 },
    );
  });
});

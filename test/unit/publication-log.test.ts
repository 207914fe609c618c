import { expect } from 'chai';
import fc from 'fast-check';
import { PublicationLog } from '../../services/registry/publishing/publication/log.ts';
import type { PublishedBlobs } from '../../services/registry/publishing/publication/published.ts';
import { publicationKey } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';

/** The log's end is found by doubling and halving; the dull twin is the length that the log was made with. */
describe('the end of the publication log', () => {
  function logOf(length: () => number): { log: PublicationLog; asked: () => number } {
    let asked = 0;
    const objects = {
      stat: async (key: string) => {
        asked++;
        const seq = Number(/(\d+)\.json$/.exec(key)?.[1]);
        expect(key).to.equal(publicationKey(seq));
        return seq >= 1 && seq <= length() ? { sizeBytes: 1, modifiedAt: new Date() } : undefined;
      },
    };
    // Only what head() asks for: a real store of a million entries would take longer to write than to test.
    const log = new PublicationLog(objects as unknown as ObjectStore, {} as PublishedBlobs);
    return { log, asked: () => asked };
  }

  it('is found for a log of any length, in a number of questions that grows with its logarithm', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2_000_000 }), async (length) => {
        const { log, asked } = logOf(() => length);
        expect(await log.head()).to.equal(length);
        expect(asked()).to.be.at.most(2 * Math.ceil(Math.log2(length + 2)) + 2);
      }),
      { numRuns: 300 },
    );
  });

  it('is found again as the log grows, with one question when it did not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1000), { maxLength: 20 }), async (steps) => {
        let length = 0;
        const { log, asked } = logOf(() => length);
        for (const step of steps) {
          length += step;
          expect(await log.head()).to.equal(length);
          const before = asked();
          expect(await log.head()).to.equal(length);
          expect(asked() - before).to.equal(1);
        }
      }),
    );
  });
});

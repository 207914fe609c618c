/**
 * Promise: what a store lists in the order of its keys comes out in the order of the names' bytes, each once, after
 * `last`, whatever `last` is; held to a dull twin that sorts everything.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { inNameOrder } from '../../services/registry/content/name-order.ts';
import { inByteOrder } from '../contract/memory-twin.ts';
import { gather } from '../support/gather.ts';
import { closeName, closeTag, placeInList, repositoryName, tag } from './arbitraries.ts';

/** All names, as a store lists `<name>/`, from the first that can come after `last`. */
async function* asListed(names: Iterable<string>, last: string): AsyncGenerator<string> {
  for (const key of [...names].map((name) => `${name}/`).sort(inByteOrder))
    if (inByteOrder(key, last) > 0) yield key.slice(0, -1);
}

function sorted(names: Iterable<string>, last: string): string[] {
  return [...names].filter((name) => last === '' || inByteOrder(name, last) > 0).sort(inByteOrder);
}

describe('names in the order of their bytes', () => {
  for (const [what, name] of [
    ['tags', fc.oneof({ weight: 4, arbitrary: closeTag }, tag)],
    ['names without a slash', closeName.map((text) => text.replaceAll('/', '-'))],
  ] as const)
    it(`are those of all ${what} sorted, after any place`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(name as fc.Arbitrary<string>, { maxLength: 30 }),
          placeInList,
          async (names, last) => {
            const there = new Set(names);
            const asked: string[] = [];
            const exists = async (beginning: string) => {
              asked.push(beginning);
              return there.has(beginning) ? beginning : undefined;
            };
            const ordered = await gather(inNameOrder(asListed(names, last), last, exists));
            expect(ordered).to.deep.equal(sorted(names, last));
            // A question each for beginnings before "-" or ".", and none twice for neighbours.
            const most = names.reduce((sum, each) => sum + (each.match(/[.-]/g)?.length ?? 0), 0);
            expect(asked.length).to.be.at.most(most);
          },
        ),
        { numRuns: 2000 },
      );
    });

  it('are those of repositories below one another, listed as a walk finds them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.oneof<fc.Arbitrary<string>[]>(closeName, repositoryName), { maxLength: 30 }),
        placeInList,
        async (names, last) => {
          const there = new Set(names);
          const exists = async (beginning: string) => (there.has(beginning) ? beginning : undefined);
          const ordered = await gather(inNameOrder(asListed(names, ''), last, exists));
          expect(ordered).to.deep.equal(sorted(names, last));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('can be left at any time without more being read', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<string> {
      for (;;) yield `n${String(read++).padStart(9, '0')}`;
    }
    for await (const name of inNameOrder(endless(), '', async () => undefined))
      if (name >= 'n000000010') break;
    expect(read).to.equal(11);
  });
});

/** Promise: numbered objects are found, created and cleared as a plain list of numbers would be, whoever races. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Numbered, padded } from '../../services/registry/storage/numbered.ts';
import { gather } from '../support/gather.ts';
import { MemoryStore } from '../support/memory-store.ts';

const PREFIX = 'roadstead/things/';
const keyOf = (number: number) => `${PREFIX}${padded(number, 4)}.json`;
const LAYOUT = { prefix: PREFIX, keyOf, maxBytes: 100 };
const text = (value: string) => Buffer.from(value);

/** Counts what it is asked for. */
class CountingStore extends MemoryStore {
  stats = 0;

  override async stat(key: string) {
    this.stats++;
    return super.stat(key);
  }
}

describe('numbered objects', () => {
  it('do what a map from numbers to texts does, whatever lies between them', async () => {
    const number = fc.integer({ min: 1, max: 12 });
    const step = fc.oneof(
      fc.record({ does: fc.constant('create' as const), number, value: fc.string() }),
      fc.record({ does: fc.constant('overwrite' as const), number, value: fc.string() }),
      fc.record({ does: fc.constant('deleteBelow' as const), number }),
    );
    const strays = fc.subarray([
      '0.json',
      '0000.json',
      '00001.json',
      '0001.jsonl',
      '0002',
      'zz.json',
      'a/0001.json',
    ]);
    await fc.assert(
      fc.asyncProperty(strays, fc.array(step, { maxLength: 30 }), async (names, steps) => {
        const objects = new MemoryStore();
        for (const name of names) await objects.put(PREFIX + name, text('stray'));
        const numbered = new Numbered(objects, LAYOUT);
        const twin = new Map<number, string>();
        for (const each of steps) {
          if (each.does === 'deleteBelow') {
            const lower = [...twin.keys()].filter((other) => other < each.number);
            expect(await numbered.deleteBelow(each.number)).to.equal(lower.length);
            for (const other of lower) twin.delete(other);
          } else if (each.does === 'overwrite') {
            await numbered.overwrite(each.number, text(each.value));
            twin.set(each.number, each.value);
          } else {
            const expected = twin.has(each.number) ? 'exists' : 'created';
            expect(await numbered.putIfAbsent(each.number, text(each.value))).to.equal(expected);
            if (expected === 'created') twin.set(each.number, each.value);
          }
          const sorted = [...twin.keys()].sort((one, other) => one - other);
          expect(await gather(numbered.numbers())).to.deep.equal(sorted);
          expect(await gather(numbered.numbers(undefined, 5))).to.deep.equal(sorted.filter((n) => n > 5));
          const highest = sorted.at(-1);
          const newest = await numbered.newest();
          expect(newest?.number).to.equal(highest);
          expect(newest?.bytes.toString()).to.equal(highest && twin.get(highest));
          for (let n = 1; n <= 12; n++) {
            expect(await numbered.has(n)).to.equal(twin.has(n));
            expect((await numbered.read(n))?.toString()).to.equal(twin.get(n));
          }
        }
        for (const name of names)
          expect((await objects.read(PREFIX + name, 100))?.toString()).to.equal('stray');
      }),
      { numRuns: 60 },
    );
  });

  it('read the number of a key, and of no other', () => {
    const numbered = new Numbered(new MemoryStore(), LAYOUT);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), (number) => {
        expect(numbered.numberOf(keyOf(number))).to.equal(number);
        expect(numbered.numberOf(`${keyOf(number)}.tmp`)).to.equal(undefined);
        expect(numbered.numberOf(`other/${keyOf(number)}`)).to.equal(undefined);
      }),
    );
    expect(numbered.numberOf(keyOf(0))).to.equal(undefined);
  });

  it('give each number to exactly one of those that race for it', async () => {
    const objects = new MemoryStore();
    const racers = Array.from({ length: 8 }, () => new Numbered(objects, LAYOUT));
    const won = await Promise.all(
      racers.map(async (numbered, i) => {
        for (;;) {
          const next = (await numbered.end()) + 1;
          if ((await numbered.putIfAbsent(next, text(String(i)))) === 'created') return next;
        }
      }),
    );
    expect(won.toSorted((one, other) => one - other)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('have an end that is found from any known number, in requests that grow with its logarithm', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(300), fc.nat(300), async (known, more) => {
        const objects = new CountingStore();
        for (let n = 1; n <= known + more; n++) await objects.put(keyOf(n), text(''));
        expect(await new Numbered(objects, LAYOUT).end(known)).to.equal(known + more);
        expect(objects.stats).to.be.at.most(2 * Math.ceil(Math.log2(more + 2)) + 1);
      }),
      { numRuns: 40 },
    );
  });

  it('have a newest that is found although its predecessor is deleted between the list and the read', async () => {
    const objects = new MemoryStore();
    const numbered = new Numbered(objects, LAYOUT);
    await numbered.putIfAbsent(1, text('one'));
    let isOvertaken = false;
    const late = new (class extends MemoryStore {
      override list = objects.list.bind(objects);

      override async read(key: string, limitBytes: number) {
        if (!isOvertaken) {
          isOvertaken = true;
          await numbered.putIfAbsent(2, text('two'));
          await numbered.deleteBelow(2);
        }
        return objects.read(key, limitBytes);
      }
    })();
    expect((await new Numbered(late, LAYOUT).newest())?.number).to.equal(2);
  });

  it('are refused when they are too large to be read', async () => {
    const numbered = new Numbered(new MemoryStore(), LAYOUT);
    await numbered.putIfAbsent(1, Buffer.alloc(101));
    await numbered.newest().then(
      () => expect.fail('it was read'),
      (error: unknown) => expect(error).to.be.instanceOf(Error),
    );
  });
});

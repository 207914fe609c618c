import { expect } from 'chai';
import { deleteAll } from '../../services/registry/storage/delete-all.ts';
import { MemoryStore } from '../support/memory-store.ts';

/** What there may be a million of is deleted without being held in memory, and in order. */
describe('deleteAll', () => {
  const recording = (failAt = Number.POSITIVE_INFINITY) => {
    const calls: (readonly string[])[] = [];
    const objects = {
      delete: async (keys: readonly string[]) => {
        if (calls.length === failAt) throw new Error('down');
        calls.push(keys);
      },
    };
    return { calls, objects };
  };
  const keys = (count: number) => Array.from({ length: count }, (_, i) => `key/${i}`);
  async function* asTheyCome(count: number) {
    yield* keys(count);
  }

  for (const [count, batches] of [
    [0, []],
    [1, [1]],
    [1000, [1000]],
    [2500, [1000, 1000, 500]],
  ] as const)
    it(`deletes ${count} keys, whether there already or as they come, in order`, async () => {
      for (const given of [keys(count), asTheyCome(count)]) {
        const { calls, objects } = recording();
        expect(await deleteAll(objects, given)).to.equal(count);
        expect(calls.map(({ length }) => length)).to.deep.equal(batches);
        expect(calls.flat()).to.deep.equal(keys(count));
      }
    });

  it('hands the fence on, which ends it between batches and within one', async () => {
    const store = new MemoryStore(
      keys(25).map((key) => [key, { bytes: Buffer.alloc(0), modifiedAt: new Date(0) }]),
    );
    let left = 13;
    const fence = {
      check: () => {
        if (left-- === 0) throw new Error('too late');
      },
      doubt: () => undefined,
    };
    const error = await deleteAll(store, keys(25), { batchKeys: 10, fence }).catch(
      ({ message }: Error) => message,
    );
    expect([error, store.held.size]).to.deep.equal(['too late', 12]);
  });

  it('ends at the first failure', async () => {
    const { calls, objects } = recording(1);
    const error = await deleteAll(objects, keys(2500)).catch(({ message }: Error) => message);
    expect([error, calls.length]).to.deep.equal(['down', 1]);
  });
});

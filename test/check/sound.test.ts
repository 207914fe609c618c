/**
 * Promise: a store that nobody has broken has nothing wrong, whichever registry made it, and checking it writes nothing.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { filesBelow } from '../protocol/on-disk.ts';
import { requires } from '../support/requirements.ts';
import { check, distributionStore, faults, type MadeStore, ownStore } from './stores.ts';

describe('a store that Roadstead made', () => {
  let store: MadeStore;
  before(async () => {
    store = await ownStore();
  });
  after(() => store[Symbol.asyncDispose]());

  for (const deep of [false, true])
    it(`has nothing wrong${deep ? ', read to the last byte' : ''}`, async () => {
      const findings = await check(store.path, { deep });
      expect(faults(findings)).to.deep.equal([]);
      // The blob with two names belongs to no manifest.
      expect(findings.map(({ kind, blobs }) => [kind, blobs])).to.deep.equal([['blobs-unreferenced', 1]]);
    });

  it('is the same, to the time of every file, after it was checked', async () => {
    const before = await times(store.path);
    await check(store.path, { deep: true });
    expect(await times(store.path)).to.deep.equal(before);
    expect(before).to.have.length.above(50);
  });

  it('has nothing wrong in one of its repositories', async () => {
    expect(await check(store.path, { repositories: ['app', 'other'], deep: true })).to.deep.equal([]);
  });

  it('has no repository that is not there', async () => {
    for (const name of ['nowhere', 'Not/A/Name']) {
      const refused = await check(store.path, { repositories: [name] }).catch((error: unknown) => error);
      expect(String(refused)).to.include(`there is no repository ${name}`);
    }
  });
});

requires(['docker-registry'])('a store that docker-registry made', () => {
  let store: MadeStore;
  before(async () => {
    store = await distributionStore();
  });
  after(() => store[Symbol.asyncDispose]());

  it('has nothing wrong', async () => {
    const findings = await check(store.path, { deep: true });
    expect(faults(findings)).to.deep.equal([]);
    expect(findings.map(({ kind, digest }) => [kind, digest])).to.deep.equal([
      ['referrer-unrecorded', store.held.artifact.digest],
      ['blobs-unreferenced', undefined],
    ]);
  });
});

/** Every file with its size and its times, to the nanosecond. */
async function times(root: string): Promise<string[]> {
  const files = await filesBelow(root);
  return Promise.all(
    files.map(async (file) => {
      const { size, mtimeNs, ctimeNs } = await stat(join(root, file), { bigint: true });
      return `${file} ${size} ${mtimeNs} ${ctimeNs}`;
    }),
  );
}

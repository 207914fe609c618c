/** Promise: nodes that hear each other share what clients met; where changes stay in the process, doubts go into the store. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { followTroubles } from '../../services/api/pull/follow-troubles.ts';
import { MemoryChanges } from '../../services/memory/changes.ts';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { DoubtReader } from '../../services/registry/publishing/mirrors/doubt-reader.ts';
import type { Change, Changes } from '../../services/registry/storage/changes.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp.ts';
import { someBlobs } from './trouble-lab.ts';

const [DIGEST] = someBlobs(1) as [Sha256Digest];
const ASK = { client: 'client', repository: 'app', digest: DIGEST, publication: 1, isPart: false };
const logger = { error() {}, warn() {}, info() {}, debug() {} } as never;

describe('what clients in trouble met', () => {
  const held = new AsyncDisposableStack();
  let objects: FilesystemStore;
  before(async () => {
    const home = held.use(await tempDir('troubles'));
    objects = held.use(await FilesystemStore.open({ rootDirectory: home.path, sync: false }));
  });
  after(() => held.disposeAsync());

  const newNode = (changes: Changes) => followTroubles({ objects, changes, board: { states: [] }, logger });

  it('is known to another node: the redirect, and the doubt, which counts once', async () => {
    const changes: Changes = Object.assign(new MemoryChanges(), { settleMs: 100 });
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    await using here = newNode(changes);
    await using there = newNode(changes);
    here.troubles.note(ASK, 'near');
    await nextTurn();
    expect(here.troubles.meet({ ...ASK, isPart: true }).history.attempt).to.equal(1);
    expect(there.troubles.meet(ASK)).to.deep.include({ failedMirror: 'near' });
    expect(heard.map(({ kind }) => kind)).to.deep.equal(['blobs-redirected', 'mirror-doubted']);
    expect(heard[1]).to.include({ mirror: 'near', digest: DIGEST, key: 'client' });
    expect(await new DoubtReader(objects).read()).to.deep.equal([]);
  });

  it('reaches the sync worker through the store if changes do not leave the process', async () => {
    await using node = newNode(new MemoryChanges());
    node.troubles.note(ASK, 'near');
    node.troubles.meet(ASK);
    const reader = new DoubtReader(objects);
    const doubts: unknown[] = [];
    await eventually('it is written', async () => doubts.push(...(await reader.read())) > 0);
    expect(doubts).to.deep.equal([{ mirror: 'near', digest: DIGEST }]);
  });
});

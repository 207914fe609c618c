/**
 * Promise: several nodes append to one record over one store, whatever its driver: no change is lost, none stands twice,
 * no number is left out, and what is tried in vain stays within bounds.
 */
import { expect } from 'chai';
import { MemoryLocks } from '../../services/memory/locks.ts';
import { verifyAudit } from '../../services/registry/audit/verify.ts';
import { AUDIT_PREFIX } from '../../services/registry/storage/layout.ts';
import { listAll, type ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { SwiftStore } from '../../services/stores/swift/swift-store.ts';
import { swiftOptions } from '../stores/swift-world.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, startSwift } from '../support/swift.ts';
import { tempDir } from '../support/temp.ts';
import { counting } from './counting.ts';
import { changeOf, entriesOf, recorderOver, sealer } from './world.ts';

const NODES = 3;
const CHANGES = 200;

/** Opens a node's own way to a store that all share. */
type Open = () => Promise<ObjectStore>;

describe('nodes that record at the same time', () => {
  describe('over a file system', () => {
    race(async (held) => {
      const home = held.use(await tempDir('audit'));
      return () => FilesystemStore.open({ rootDirectory: home.path, sync: false });
    });
  });
  requires(RADOSGW_PROGRAMS)('over S3', () => {
    race(async (held) => {
      const radosgw = held.use(await startRadosgw());
      const options = await radosgw.newBucket({});
      return () => S3Store.open(options);
    });
  });
  nightly(requires(SWIFT_PROGRAMS))('over Swift', () => {
    race(async (held) => {
      const swift = held.use(await startSwift());
      // Turns as Redis gives them to nodes of several processes: test/audit/storm.test.ts has those.
      const options = swiftOptions(swift, { locks: new MemoryLocks({ patienceMs: 60_000 }) });
      return () => SwiftStore.open(options);
    });
  });
});

function race(prepare: (held: AsyncDisposableStack) => Promise<Open>): void {
  const held = new AsyncDisposableStack();
  let open: Open;
  before(async function () {
    this.timeout(120_000);
    open = await prepare(held);
  });
  after(() => held.disposeAsync());

  for (const atOnce of [1, 8])
    it(`lose no entry, with ${atOnce} concurrent changes each`, async function () {
      this.timeout(300_000);
      const observer = held.use(await open());
      const before = (await entriesOf(observer)).length;
      const startedAt = performance.now();
      const nodes = await Promise.all(
        Array.from({ length: NODES }, async (_, node) => {
          const { store, asked } = counting(held.use(await open()));
          const { recorder, lines } = recorderOver(store, { node: `node-${node}`, sealer });
          let next = 0;
          const client = async () => {
            while (next < CHANGES) await recorder.record(changeOf(`${atOnce} ${node} ${next++}`));
          };
          await Promise.all(Array.from({ length: atOnce }, client));
          await recorder[Symbol.asyncDispose]();
          expect(lines.filter(({ level }) => level !== 'info')).to.deep.equal([]);
          return asked;
        }),
      );
      const tookMs = performance.now() - startedAt;
      const ids = (await entriesOf(observer)).slice(before).map(({ requestId }) => requestId);
      const wanted = Array.from({ length: NODES }, (_, node) =>
        Array.from({ length: CHANGES }, (_, i) => `request ${atOnce} ${node} ${i}`),
      ).flat();
      expect(ids.toSorted()).to.deep.equal(wanted.toSorted());
      const found = await verifyAudit(observer, { sealer });
      expect(found.faults).to.deep.equal([]);
      const keys: string[] = [];
      for await (const { key } of listAll(observer, { prefix: AUDIT_PREFIX })) keys.push(key);
      expect(keys.length, 'records, without gaps').to.equal(found.end?.seq);
      const sum = (of: 'putIfAbsent' | 'exists' | 'read' | 'stat') =>
        nodes.reduce((all, asked) => all + asked[of], 0);
      const [creations, reads, stats] = [sum('putIfAbsent'), sum('read'), sum('stat')];
      // Three who always want the same place: each record may cost as many creations, and some more.
      const written = creations - sum('exists');
      expect(creations).to.be.below(2 * NODES * written);
      expect(reads + stats).to.be.below(6 * NODES * written);
      if (this.test)
        this.test.title += ` (${written} records, ${creations} creations, ${reads + stats} looks, ${Math.round(tookMs)} ms)`;
    });
}

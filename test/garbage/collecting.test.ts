/**
 * Promise: a garbage collection deletes what nothing refers to, says so before, and deletes nothing else: all that tags
 * lead to, and all that is attached to it, can be pulled afterwards. What Distribution's collector would take of the
 * same directory, ours takes (but for what was published and has lost its last manifest).
 */
import { expect } from 'chai';
import { check, faults } from '../check/stores.ts';
import { askCollector } from '../compat/collector.ts';
import { contentBelow, filesBelow } from '../protocol/on-disk.ts';
import { send } from '../protocol/wire.ts';
import { startDistribution } from '../support/distribution.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { type Content, pullEverything, pushEverything } from './content.ts';
import { collect, told } from './running.ts';

describe('a garbage collection', function () {
  this.timeout(90_000);
  let registry: TestRegistry;
  let content: Content;
  beforeEach(async () => {
    registry = await startRegistry({ delete: true });
    content = await pushEverything(registry.url);
  });
  afterEach(() => registry[Symbol.asyncDispose]());

  /** Deletes nothing but what the dry run told, and all of that; answers with what it told. */
  async function collectAsTold(options: { deleteUntagged: boolean }) {
    const before = await contentBelow(registry.rootDirectory);
    const dry = told(await collect(registry.rootDirectory, { ...options, dryRun: true }));
    expect(await contentBelow(registry.rootDirectory)).to.deep.equal(before);
    const done = told(await collect(registry.rootDirectory, options));
    expect({ ...done, summary: { ...done.summary, dryRun: true } }).to.deep.equal(dry);
    const after = await contentBelow(registry.rootDirectory);
    const gone = Object.keys(before).filter((file) => after[file] === undefined);
    for (const [file, bytes] of Object.entries(after)) expect(bytes, file).to.equal(before[file]);
    const blobs = gone.filter((file) => file.endsWith('/data'));
    expect(blobs.map((file) => `sha256:${file.split('/').at(-2)}`)).to.have.members(done.blobs);
    expect(gone).to.have.length(
      ['blobs', 'manifests', 'history', 'referrers', 'layers'].reduce(
        (sum, member) => sum + Number(done.summary[member]),
        0,
      ),
    );
    // Nothing remembered from before.
    await registry.stop();
    await registry.start();
    await pullEverything(registry.url, content);
    const findings = await check(registry.rootDirectory, { deep: true });
    expect(faults(findings)).to.deep.equal([]);
    return { done, findings };
  }

  it('takes the blobs that no manifest names, and no manifest', async () => {
    const { done, findings } = await collectAsTold({ deleteUntagged: false });
    expect(done.blobs).to.have.members(content.orphans.map(({ digest }) => digest));
    expect(done.manifests).to.deep.equal([]);
    expect(findings.map(({ kind }) => kind)).to.deep.equal([]);
    for (const { digest } of content.untagged)
      expect((await send(registry.url, `/v2/candidate/app/manifests/${digest}`)).status).to.equal(200);
  });

  it('with --delete-untagged takes what no tag leads to, and keeps what was published', async () => {
    const { done, findings } = await collectAsTold({ deleteUntagged: true });
    const digests = content.untagged.flatMap(({ digest, config, layers }) => [
      digest,
      config.digest,
      ...layers.map((layer) => layer.digest),
    ]);
    expect(done.blobs)
      .to.include.members(digests)
      .and.include.members(content.orphans.map((each) => each.digest));
    for (const { digest } of content.published) expect(done.blobs).to.not.include(digest);
    expect(findings.map(({ kind, blobs }) => [kind, blobs])).to.deep.equal([
      ['blobs-published-only', content.published.length],
    ]);
    const [earlier, lost] = content.untagged;
    expect(done.history).to.include(earlier?.digest);
    expect(done.referrers).to.deep.equal([lost?.digest]);
    for (const { digest } of content.untagged)
      expect((await send(registry.url, `/v2/candidate/app/manifests/${digest}`)).status).to.equal(404);
    const again = told(await collect(registry.rootDirectory, { deleteUntagged: true }));
    expect([again.blobs, again.manifests, again.history, again.referrers]).to.deep.equal([[], [], [], []]);
  });

  it('takes nothing that is younger than its grace', async () => {
    const files = await filesBelow(registry.rootDirectory);
    const { blobs, summary } = told(
      await collect(registry.rootDirectory, { deleteUntagged: true, graceMs: 3_600_000 }),
    );
    expect(blobs).to.deep.equal([]);
    expect(await filesBelow(registry.rootDirectory)).to.deep.equal(files);
    expect(summary['kept']).to.have.nested.property('young.blobs', 0);
  });

  requires(['docker-registry'])("compared with docker-registry's own", () => {
    it('takes what that one would', async () => {
      await using theirs = await startDistribution('docker-registry', registry.rootDirectory);
      const doomed = await askCollector(theirs);
      const { blobs } = told(await collect(registry.rootDirectory, { dryRun: true }));
      expect([...doomed.blobs]).to.have.members(blobs);
      expect(blobs).to.have.length.above(0);
    });
  });
});

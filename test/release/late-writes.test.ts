/**
 * Promise: a promotion that was acknowledged stays, also when one that lost the race writes the tag late, and nobody
 * hears of it any more: its process died, or it had given up its request to the store.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { writeLink } from '../../services/registry/content/link.ts';
import { type Digest, digestBy, digestOf } from '../../services/registry/oci/digest.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { TagRepair, type TagRepairOptions } from '../../services/registry/publishing/promotion/tag-repair.ts';
import { moveTagInOrder, type TagTicket } from '../../services/registry/publishing/promotion/tag-tickets.ts';
import {
  type PublishingContent,
  withPublications,
} from '../../services/registry/publishing/publishing-content.ts';
import { revisionLinkKey, tagCurrentKey } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { tagLinks } from '../protocol/on-disk.ts';
import { pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { eventually } from '../support/eventually.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { startRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { promote } from './promoting.ts';

const place = { repository: parseRepositoryName('app'), tag: parseTag('latest') };
const POLL_MS = 10;

/** Some looks at the tag. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, POLL_MS * 15));

describe('a tag that an earlier promotion writes late', () => {
  const held = new AsyncDisposableStack();
  let directory: string;
  let store: FilesystemStore;
  let content: PublishingContent;
  beforeEach(async () => {
    directory = held.use(await tempDir('late')).path;
    store = held.use(await open());
    content = withPublications(contentOf(store));
  });
  after(() => held.disposeAsync());

  const open = () => FilesystemStore.open({ rootDirectory: directory, sync: false });
  const named = () => content.tags.target(place.repository, place.tag);

  /** A promotion up to where its tag may move. */
  async function appended(image: string, algorithm: 'sha256' | 'sha512' = 'sha256'): Promise<TagTicket> {
    const canonicalDigest = digestOf(Buffer.from(image));
    const digest: Digest = digestBy(algorithm, Buffer.from(image));
    for (const name of [canonicalDigest, digest])
      await writeLink(store, revisionLinkKey(place.repository, name), canonicalDigest);
    const { seq } = await content.log.append(
      {
        ...{ actor: 'test', kind: 'promotion', manifestDigest: digest },
        source: { repository: 'candidate/app', reference: image },
        target: place,
      },
      [],
    );
    return { seq, canonicalDigest, digest };
  }

  const move = (turn: TagTicket) => moveTagInOrder(content, place, turn, OPEN_FENCE);

  /** Lets a promotion die at its write of the tag, which reaches the store only when the returned function is called. */
  async function dieWriting(turn: TagTicket): Promise<() => Promise<void>> {
    const reached = Promise.withResolvers<() => Promise<void>>();
    const late = new Proxy<ObjectStore>(held.use(await open()), {
      get(target, name) {
        if (name === 'put')
          return (key: string, ...rest: [Buffer]) => {
            if (key !== tagCurrentKey(place.repository, place.tag)) return target.put(key, ...rest);
            reached.resolve(() => target.put(key, ...rest));
            return new Promise(() => undefined);
          };
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    void moveTagInOrder(contentOf(late), place, turn, OPEN_FENCE);
    return reached.promise;
  }

  function repair(options: Partial<TagRepairOptions> = {}): TagRepair {
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    return new TagRepair({
      ...{ content, changes: new MemoryChanges(), logger: quiet, pollMs: POLL_MS },
      ...{ isStable: () => true, takesWrites: () => true },
      ...options,
    });
  }

  for (const algorithm of ['sha256', 'sha512'] as const)
    it(`goes back to the one that was acknowledged, while a release service runs (${algorithm})`, async () => {
      await using _ = repair();
      const [first, second] = [await appended('first', algorithm), await appended('second')];
      const land = await dieWriting(first);
      expect((await move(second)).seq).to.equal(second.seq);
      await aWhile();
      await land();
      await eventually('the tag is moved back', async () => (await named())?.digest === second.digest, 5000);
    });

  it('goes back when a release service starts, and nodes and operators hear of it', async () => {
    const [first, second] = [await appended('first'), await appended('second')];
    const land = await dieWriting(first);
    await move(second);
    await land();
    expect((await named())?.digest, 'the fault itself').to.equal(first.digest);
    const [changes, warnings] = [new MemoryChanges(), [] as Record<string, unknown>[]];
    const told: unknown[] = [];
    changes.subscribe((change) => told.push(change));
    const logger = {
      info: () => undefined,
      warn: (fields: Record<string, unknown>) => void warnings.push(fields),
      error: () => undefined,
    };
    await using _ = repair({ changes, logger });
    await eventually('it is told', async () => warnings.length > 0, 5000);
    expect((await named())?.digest).to.equal(second.digest);
    expect(told).to.deep.equal([{ kind: 'tag-moved', ...place }]);
    expect(warnings).to.deep.equal([
      { ...place, was: first.digest, digest: second.digest, publication: second.seq },
    ]);
  });

  it('is moved to a turn whose author died before it moved the tag', async () => {
    await move(await appended('first'));
    const second = await appended('second');
    await dieWriting(second);
    await using _ = repair();
    await eventually('the tag is moved', async () => (await named())?.digest === second.digest, 5000);
  });

  it('stays where somebody else has moved it, who may', async () => {
    const [first, second] = [await appended('first'), await appended('second')];
    await move(first);
    await move(second);
    const other = digestOf(Buffer.from('pushed'));
    await content.tags.move(
      place.repository,
      place.tag,
      { canonicalDigest: other, digest: other },
      OPEN_FENCE,
    );
    await using _ = repair();
    await aWhile();
    expect((await named())?.digest).to.equal(other);
  });

  for (const [what, options] of [
    ['in a repository that takes pushes', { isStable: () => false }],
    ['while the registry is read-only', { takesWrites: () => false }],
  ] as const)
    it(`stays ${what}`, async () => {
      const [first, second] = [await appended('first'), await appended('second')];
      const land = await dieWriting(first);
      await move(second);
      await land();
      await using _ = repair(options);
      await aWhile();
      expect((await named())?.digest).to.equal(first.digest);
    });

  it('stays deleted', async () => {
    const [first, second] = [await appended('first'), await appended('second')];
    await move(first);
    await move(second);
    await content.tags.delete(place.repository, [place.tag], OPEN_FENCE);
    await using _ = repair();
    await aWhile();
    expect(await named()).to.equal(undefined);
  });

  it('of a running registry is found by `roadstead check` and moved back, and nothing relies on it before', async () => {
    await using registry = await startRegistry();
    const { url, rootDirectory } = registry;
    const digestNow = async () =>
      (await send(url, '/v2/app/manifests/latest')).headers['docker-content-digest'];
    for (const tag of ['1', '2']) {
      await pushImage(url, 'candidate/app', tag);
      expect((await promote(url, `candidate/app:${tag}`, 'app:latest')).lines.at(-1)?.event).to.equal('done');
      if (tag === '1') await promote(url, 'candidate/app:1', 'app:one');
    }
    const second = await digestNow();
    const link = (tag: string) => join(rootDirectory, tagLinks('app', tag, [])[0] ?? '');
    const writeLate = async () => writeFile(link('latest'), await readFile(link('one')));

    await registry.stop();
    await writeLate();
    const { code, stdout } = await registry.offline(['check', '--json'], { allowFailure: true });
    expect(code).to.equal(2);
    const found = stdout.split('\n').filter((line) => line.includes('"kind":"tag-not-promoted"'));
    expect(found).to.have.length(1);
    expect(found[0]).to.contain('"severity":"warning"').and.contain('"tag":"latest"');
    await registry.start();
    await eventually('the tag is moved back', async () => (await digestNow()) === second, 10_000);

    await writeLate();
    const again = await promote(url, 'candidate/app:1', 'app:latest');
    expect(again.lines.at(-1)).to.include({ event: 'done', outcome: 'promoted' });
    const first = await digestNow();
    expect(first).not.to.equal(second);
  });
});

/** Promise: a change of a repository costs this many requests to the store, and no more. */
import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { removeManifest, removeTag } from '../../services/registry/content/delete.ts';
import { type ManifestPush, pushManifest } from '../../services/registry/content/push-manifest.ts';
import type { Manifest } from '../../services/registry/oci/manifest.ts';
import { parseTag, type Tag } from '../../services/registry/oci/names.ts';
import { promote } from '../../services/registry/publishing/promotion/promote.ts';
import { withPublications } from '../../services/registry/publishing/publishing-content.ts';
import { blobDataKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FIRST, NAME, planOf, SECOND, storeWith, TAG, THIRD } from '../changes/world.ts';
import { intercepted } from '../support/intercepted.ts';
import { NOBODY } from '../support/library-pushes.ts';

const READS: ReadonlySet<keyof ObjectStore> = new Set(['stat', 'read', 'get', 'send', 'list']);
const TAGS = ['a', 'b', 'c'].map(parseTag);

/** Requests that look at objects, and those that change some. */
interface Requests {
  reads: number;
  writes: number;
}

function nodeOf(objects: ObjectStore) {
  return { content: withPublications(contentOf(objects)), changes: new MemoryChanges() };
}

type Node = ReturnType<typeof nodeOf>;
type Change = (node: Node) => Promise<unknown>;

const put =
  (manifest: Manifest, tags: readonly Tag[] = [], more: Partial<ManifestPush> = {}): Change =>
  (node) => {
    const rules = { indexes: 'all', urls: { allow: [], deny: [] } } as const;
    return pushManifest(node, NOBODY, { repository: NAME, manifest, rules, tags, ...more });
  };
const deleteManifest: Change = (node) => removeManifest(node, NOBODY, NAME, FIRST.digest);
const deleteTag: Change = (node) => removeTag(node, NOBODY, NAME, TAG);
const promotion =
  (manifest: Manifest): Change =>
  async (node) => {
    const options = { actor: 'x', waitMirrors: 0, waitTimeoutMs: 0, signal: new AbortController().signal };
    for await (const _ of promote({ ...node, board: { states: [] } }, NOBODY, planOf(manifest), options));
  };

/** What a change costs the node that made the one before, and another node. */
async function costs(before: readonly Change[], change: Change): Promise<[Requests, Requests]> {
  const cost = async (isOther: boolean): Promise<Requests> => {
    const counts = { reads: 0, writes: 0 };
    const store = storeWith([THIRD], undefined);
    // Only the config that all of them name.
    await store.delete([blobDataKey(THIRD.canonicalDigest), revisionLinkKey(NAME, THIRD.canonicalDigest)]);
    const counted = intercepted<ObjectStore>(store, ({ name, proceed }) => {
      counts[READS.has(name) ? 'reads' : 'writes']++;
      return proceed();
    });
    const first = nodeOf(counted);
    // A repository has more than what is changed.
    for (const each of [put(THIRD, [parseTag('other')]), ...before]) await each(first);
    const node = isOther ? nodeOf(counted) : first;
    Object.assign(counts, { reads: 0, writes: 0 });
    await change(node);
    return counts;
  };
  return [await cost(false), await cost(true)];
}

interface Case {
  readonly change: Change;
  readonly before?: readonly Change[];
  readonly reads: number;
  /** For a node that does not know who had the last turn. */
  readonly readsElsewhere: number;
  readonly writes: number;
}

const CASES: Readonly<Record<string, Case>> = {
  'PUT by a new tag': {
    change: put(FIRST, [TAG]),
    ...{ reads: 5, readsElsewhere: 8, writes: 6 },
  },
  'PUT that moves a tag': {
    before: [put(FIRST, [TAG])],
    change: put(SECOND, [TAG]),
    ...{ reads: 5, readsElsewhere: 8, writes: 6 },
  },
  'PUT by a new tag, if there is no such tag': {
    change: put(FIRST, [TAG], { condition: { kind: 'absent' } }),
    ...{ reads: 6, readsElsewhere: 9, writes: 6 },
  },
  'PUT that moves a tag, if it names something': {
    before: [put(FIRST, [TAG])],
    change: put(SECOND, [TAG], { condition: { kind: 'present' } }),
    ...{ reads: 8, readsElsewhere: 11, writes: 6 },
  },
  'PUT by tag of what is there': {
    before: [put(FIRST, [TAG])],
    change: put(FIRST, [TAG]),
    ...{ reads: 5, readsElsewhere: 8, writes: 6 },
  },
  'PUT by digest': {
    change: put(FIRST),
    ...{ reads: 3, readsElsewhere: 6, writes: 4 },
  },
  'PUT by digest of what is there': {
    before: [put(FIRST, [TAG])],
    change: put(FIRST),
    ...{ reads: 3, readsElsewhere: 6, writes: 4 },
  },
  'PUT by digest with three new tags': {
    change: put(FIRST, TAGS),
    ...{ reads: 9, readsElsewhere: 12, writes: 10 },
  },
  'DELETE of a tag': {
    before: [put(FIRST, [TAG])],
    change: deleteTag,
    ...{ reads: 3, readsElsewhere: 5, writes: 4 },
  },
  'DELETE of a manifest without tags': {
    before: [put(FIRST)],
    change: deleteManifest,
    ...{ reads: 7, readsElsewhere: 9, writes: 3 },
  },
  'DELETE of a manifest with a tag': {
    before: [put(FIRST, [TAG])],
    change: deleteManifest,
    ...{ reads: 9, readsElsewhere: 11, writes: 6 },
  },
  'DELETE of a manifest with three tags': {
    before: [put(FIRST, TAGS)],
    change: deleteManifest,
    ...{ reads: 13, readsElsewhere: 15, writes: 6 },
  },
  'promotion to a new tag': {
    before: [put(FIRST)],
    change: promotion(FIRST),
    ...{ reads: 17, readsElsewhere: 20, writes: 12 },
  },
  'promotion that moves a tag': {
    before: [put(FIRST), put(SECOND), promotion(FIRST)],
    change: promotion(SECOND),
    // One look and one write for a blob that was published before: that this repository publishes it, too.
    ...{ reads: 21, readsElsewhere: 26, writes: 14 },
  },
};

describe('requests of a push, a delete and a promotion', () => {
  for (const [title, { before = [], change, reads, readsElsewhere, writes }] of Object.entries(CASES))
    it(title, async () => {
      expect(await costs(before, change)).to.deep.equal([
        { reads, writes },
        { reads: readsElsewhere, writes },
      ]);
    });
});

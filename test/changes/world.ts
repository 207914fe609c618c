import { expect } from 'chai';
import type { Manifest } from '../../services/registry/oci/manifest.ts';
import { parseManifest } from '../../services/registry/oci/manifest.ts';
import type { Tag } from '../../services/registry/oci/names.ts';
import { parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import type { PromotionPlan } from '../../services/registry/publishing/promotion/plan.ts';
import {
  blobDataKey,
  layerLinkKey,
  revisionLinkKey,
  tagCurrentKey,
  tagIndexKey,
  tagsPrefix,
  tagTicketsPrefix,
} from '../../services/registry/storage/layout.ts';
import type { Actor, World } from '../garbage/interleaving.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { Client, Journal } from './client.ts';
import { isLinearizable, onlyIf, stepsAtDigest, stepsAtTag } from './history.ts';
import { type NodeMaker, nodeOf } from './node.ts';

export const NAME = parseRepositoryName('app');
export const [TAG, OTHER_TAG] = [parseTag('t'), parseTag('u')];
export const PLACE = { repository: NAME, tag: TAG };
const OLD = new Date(0);

const CONFIG = new Content(Buffer.from('{}'), MEDIA_TYPES.config);
const OWN_CONFIG = new Content(Buffer.from('{"own": true}'), MEDIA_TYPES.config);
const CONFIGS = [CONFIG, OWN_CONFIG];
const manifestNumber = (n: number, config = CONFIG) =>
  parseManifest(new Image({ config, layers: [], annotations: { n: String(n) } }).bytes);

/** Manifests that share a config, so that they differ in nothing else. */
export const [FIRST, SECOND, THIRD] = [manifestNumber(1), manifestNumber(2), manifestNumber(3)];
/** One whose config no other has. */
export const OWN = manifestNumber(4, OWN_CONFIG);
const ALL: readonly Manifest[] = [FIRST, SECOND, THIRD, OWN];
const TAGS: readonly Tag[] = [TAG, OTHER_TAG];

/** A repository with these manifests, and the tag at the first of them if there is one. */
export function storeWith(manifests: readonly Manifest[], tagged: Manifest | undefined): MemoryStore {
  const store = new MemoryStore();
  for (const { digest, bytes } of CONFIGS) {
    if (!manifests.some(({ blobs }) => blobs.some((blob) => blob.digest === digest))) continue;
    store.hold(blobDataKey(digest as never), bytes, OLD);
    store.hold(layerLinkKey(NAME, digest as never), digest, OLD);
  }
  for (const { canonicalDigest, bytes } of manifests) {
    store.hold(blobDataKey(canonicalDigest), bytes, OLD);
    store.hold(revisionLinkKey(NAME, canonicalDigest), canonicalDigest, OLD);
  }
  if (tagged)
    for (const key of [tagCurrentKey(NAME, TAG), tagIndexKey(NAME, TAG, tagged.canonicalDigest)])
      store.hold(key, tagged.canonicalDigest, OLD);
  return store;
}

/** How {@link promote} would carry the promotion of a manifest out. */
export function planOf(manifest: Manifest): PromotionPlan {
  const config = { digest: manifest.blobs[0]?.digest as never, sizeBytes: CONFIG.size };
  const blobs = [{ ...config, requestedDigest: config.digest }];
  return {
    source: { repository: NAME, reference: { kind: 'digest', digest: manifest.digest } },
    target: PLACE,
    digest: manifest.digest,
    previousDigest: undefined,
    image: {
      top: manifest,
      manifests: [manifest],
      blobs,
      nonDistributable: [],
      attachedTags: [],
      leftOut: [],
    },
    ...{ attached: [], leftOut: [], refusal: undefined },
    ...{ unpublished: [], publishedUpTo: 0, alreadyThere: false },
  };
}

/** Somebody at a node of their own. */
export interface Person {
  readonly name: string;
  readonly mayDie?: boolean;
  readonly act: (client: Client) => Promise<void>;
}

export interface WorldOptions {
  /** Beside the people, such as a collector. */
  readonly others?: readonly Actor[] | undefined;
  readonly makeNode?: NodeMaker;
  /** What else is so at rest. */
  readonly atEnd?: (store: MemoryStore) => void;
}

/**
 * The world of one repository's changes. At rest, each listed tag can be pulled; and some order of the operations explains
 * what their clients were answered, and what is there.
 */
export function worldOf(
  base: MemoryStore,
  people: readonly Person[],
  { others = [], makeNode = nodeOf, atEnd: alsoAtEnd = () => undefined }: WorldOptions = {},
): World {
  const store = new MemoryStore(base.held);
  const journal = new Journal();
  const actors = people.map(({ act, ...person }): Actor => {
    return { ...person, act: (hands) => act(new Client(hands, journal, makeNode(hands))) };
  });
  const atEnd = () => {
    expectSound(store);
    expectExplained(base, store, journal, others.length > 0);
    alsoAtEnd(store);
  };
  return { store, actors: [...actors, ...others], atEnd };
}

function tagIn({ held }: MemoryStore, tag: Tag): string | undefined {
  return held.get(tagCurrentKey(NAME, tag))?.bytes.toString();
}

function isThere({ held }: MemoryStore, digest: string): boolean {
  return held.has(revisionLinkKey(NAME, digest as never));
}

/** No tag is listed that cannot be pulled. */
function expectSound(store: MemoryStore): void {
  const prefix = tagsPrefix(NAME);
  for (const key of store.held.keys()) {
    if (!key.startsWith(prefix)) continue;
    const tag = key.slice(prefix.length).split('/')[0] as Tag;
    const digest = tagIn(store, tag);
    expect(digest, `what the listed tag ${tag} names`).to.be.a('string');
    const manifest = ALL.find(({ canonicalDigest }) => canonicalDigest === digest);
    const blobs = manifest?.blobs.map((blob) => blob.digest as never) ?? [];
    const needed = [
      ...[revisionLinkKey(NAME, digest as never), blobDataKey(digest as never)],
      ...blobs.flatMap((blob) => [layerLinkKey(NAME, blob), blobDataKey(blob)]),
    ];
    for (const each of needed) expect(store.held.has(each), `${each}, which tag ${tag} needs`).to.equal(true);
  }
}

/** The tag names what the last promotion of it in the log is of. */
export function expectLastPromotion(store: MemoryStore): void {
  const tickets = [...store.held.keys()].filter((key) => key.startsWith(tagTicketsPrefix(NAME, TAG))).sort();
  const last = store.held.get(tickets.at(-1) ?? '')?.bytes.toString();
  expect(last, 'what the last promotion is of').to.include(tagIn(store, TAG));
}

/** `mayLose`: a collector takes manifests that no tag names. */
function expectExplained(base: MemoryStore, store: MemoryStore, { ops }: Journal, mayLose: boolean): void {
  const told = () => ops.map((op) => JSON.stringify(op)).join('\n');
  const atEnd = { start: Number.MAX_SAFE_INTEGER, end: Number.MAX_SAFE_INTEGER };
  for (const tag of TAGS) {
    const steps = [...stepsAtTag(ops, tag), { ...atEnd, next: onlyIf(tagIn(store, tag)) }];
    if (!isLinearizable(tagIn(base, tag), steps))
      throw new Error(`no order explains that tag ${tag} names ${tagIn(store, tag)}:\n${told()}`);
  }
  for (const { canonicalDigest: digest } of mayLose ? [] : ALL) {
    const steps = [...stepsAtDigest(ops, digest), { ...atEnd, next: onlyIf(isThere(store, digest)) }];
    if (!isLinearizable(isThere(base, digest), steps))
      throw new Error(`no order explains that ${digest} is there: ${isThere(store, digest)}\n${told()}`);
  }
}

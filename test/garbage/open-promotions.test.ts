/**
 * Promise: with `deleteuntagged`, an image whose promotion waits for mirrors stays, though no tag leads to it yet, and
 * goes when nobody can be waiting any more; and a tag is never moved to what has gone meanwhile.
 */

import { expect } from 'chai';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { contentOf } from '../../services/registry/content/content.ts';
import { planGarbage } from '../../services/registry/garbage/offline/plan.ts';
import type { Sha256Digest } from '../../services/registry/oci/digest.ts';
import { parseManifest } from '../../services/registry/oci/manifest.ts';
import { COMPLETE } from '../../services/registry/oci/manifest-rules.ts';
import { parseImageName, parseRepositoryName, parseTag } from '../../services/registry/oci/names.ts';
import { parseRepositoryPattern } from '../../services/registry/oci/repository-pattern.ts';
import type { MirrorState, MirrorStates } from '../../services/registry/publishing/mirrors/mirror-states.ts';
import { planPromotion } from '../../services/registry/publishing/promotion/plan.ts';
import { type PromotionEvent, promote } from '../../services/registry/publishing/promotion/promote.ts';
import {
  type PublishingContent,
  withPublications,
} from '../../services/registry/publishing/publishing-content.ts';
import { blobDataKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { NOBODY, putManifest } from '../support/library-pushes.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { cycle, HOUR } from './cycles.ts';

const SOURCE = parseRepositoryName('candidate/app');
const TARGET = parseRepositoryName('app');
const TAG = parseTag('1');
const SETTINGS = { deleteUntagged: true, graceMs: 0, quarantineMs: HOUR };
/** A day for the wait, and eight hours. */
const OPEN_HOURS = 32;

interface Pushed {
  readonly digest: Sha256Digest;
  readonly blobs: readonly Sha256Digest[];
}

/** Pushes an image by its digest: no tag leads to it. */
async function push(content: PublishingContent, name: string): Promise<Pushed> {
  const { blobs, objects } = content;
  const image = new Image({
    config: new Content(Buffer.from(`{"of":"${name}"}`), MEDIA_TYPES.config),
    layers: [new Content(Buffer.from(`a layer of ${name}`))],
  });
  for (const { bytes, digest } of image.blobs) {
    await objects.put(blobDataKey(digest as Sha256Digest), bytes);
    await blobs.link(SOURCE, digest as Sha256Digest);
  }
  const manifest = parseManifest(image.bytes, MEDIA_TYPES.image);
  await putManifest(content, SOURCE, manifest);
  return {
    digest: manifest.canonicalDigest,
    blobs: image.blobs.map(({ digest }) => digest as Sha256Digest),
  };
}

/** A promotion that waits for a mirror, which holds everything from `arrive` on. */
async function waiting(content: PublishingContent, digest: Sha256Digest) {
  const states: MirrorState[] = [];
  const board = { states } as unknown as MirrorStates;
  const candidates = [parseRepositoryPattern('candidate/**')].filter((pattern) => pattern !== undefined);
  const request = { source: parseImageName(`${SOURCE}@${digest}`), target: { repository: TARGET, tag: TAG } };
  const plan = await planPromotion(content, { candidates, manifests: COMPLETE }, request);
  const events = promote({ content, board, changes: new MemoryChanges() }, NOBODY, plan, {
    ...{ actor: 'somebody', waitMirrors: 1, waitTimeoutMs: 60_000 },
    signal: new AbortController().signal,
  });
  for await (const { event } of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) })
    if (event === 'waiting') break;
  return {
    /** Lets it go on; answers with its last event. */
    async end(): Promise<PromotionEvent['event'] | undefined> {
      states.push({
        ...{ mirror: { name: 'near' }, watermark: 1_000_000, missing: new Set(), healthy: true },
      } as unknown as MirrorState);
      let last: PromotionEvent['event'] | undefined;
      for await (const { event } of events) last = event;
      return last;
    },
  };
}

describe('an image whose promotion waits for mirrors', () => {
  let objects: MemoryStore;
  let content: PublishingContent;
  let image: Pushed;
  let other: Pushed;
  let promotion: Awaited<ReturnType<typeof waiting>>;
  beforeEach(async () => {
    objects = new MemoryStore();
    content = withPublications(contentOf(objects));
    image = await push(content, 'the image');
    other = await push(content, 'another image');
    promotion = await waiting(content, image.digest);
  });

  const isThere = (digest: Sha256Digest) => objects.held.has(blobDataKey(digest));
  const collectFor = async (hours: number) => {
    const now = Date.now();
    for (let hour = 0; hour <= hours; hour += 2) await cycle(objects, { ...SETTINGS, at: now + hour * HOUR });
  };

  it('outlives the quarantine, with all that it is made of, and is tagged', async () => {
    await collectFor(24);
    expect([other.digest, ...other.blobs].filter(isThere), 'what nobody promotes').to.deep.equal([]);
    for (const digest of [image.digest, ...image.blobs]) expect(isThere(digest)).to.equal(true);
    expect(await promotion.end()).to.equal('tagged');
    expect(await content.tags.resolve(TARGET, TAG)).to.equal(image.digest);
    expect(await content.manifests.has(TARGET, image.digest)).to.equal(true);
  });

  it('goes when nobody can be waiting any more; what was published stays', async () => {
    await collectFor(OPEN_HOURS + 6);
    expect(isThere(image.digest)).to.equal(false);
    for (const digest of image.blobs) expect(isThere(digest)).to.equal(true);
  });

  for (const [what, clocks] of [
    ["the collector's clock", (ahead: number, now: number) => ({ at: ahead, wallAt: now })],
    ['the wall clock', (ahead: number, now: number) => ({ at: now, wallAt: ahead })],
  ] as const)
    it(`is kept when only ${what} is ahead`, async () => {
      const now = Date.now();
      for (let hour = 0; hour <= OPEN_HOURS + 6; hour += 2)
        await cycle(objects, { ...SETTINGS, ...clocks(now + hour * HOUR, now) });
      expect(isThere(image.digest)).to.equal(true);
      expect(await promotion.end()).to.equal('tagged');
    });

  it('is not tagged when it has gone nevertheless', async () => {
    await objects.delete([blobDataKey(image.digest), revisionLinkKey(TARGET, image.digest)]);
    const error = await promotion.end().catch((cause: unknown) => cause);
    expect(error).to.have.property('kind', 'MANIFEST_BLOB_UNKNOWN');
    expect(await content.tags.resolve(TARGET, TAG)).to.equal(undefined);
  });

  it('is not collected by `garbage-collect --delete-untagged`', async () => {
    const plan = await planGarbage(objects, {
      deleteUntagged: true,
      youngerThan: new Date(Date.now() + HOUR),
    });
    const goes = plan.repositories.flatMap(({ manifests }) => manifests);
    expect(goes).to.include(other.digest).and.not.to.include(image.digest);
  });
});

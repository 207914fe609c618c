/**
 * Promise: whatever the order in which the requests of those who push and those of the collector reach the store, and
 * wherever the collector is killed: what a client was told to be there can be referred to, a manifest that was
 * acknowledged is complete, and at no moment does a manifest lead nowhere. The real code, over a store in memory.
 */

import { expect } from 'chai';
import { contentOf } from '../../services/registry/content/content.ts';
import { withPinnedBlob } from '../../services/registry/content/pinned-blob.ts';
import { mountBlob } from '../../services/registry/content/push-blob.ts';
import { CollectionGuard, LOOK_GOOD_MS } from '../../services/registry/content/quarantine/guard.ts';
import type { CycleContext } from '../../services/registry/garbage/online/context.ts';
import { newCounts } from '../../services/registry/garbage/online/context.ts';
import { collectOnce } from '../../services/registry/garbage/online/cycle.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { RegistryError } from '../../services/registry/oci/errors.ts';
import { parseManifest } from '../../services/registry/oci/manifest.ts';
import type { RepositoryName } from '../../services/registry/oci/names.ts';
import { blobDataKey, layerLinkKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { closeUpload, NOBODY, putManifest } from '../support/library-pushes.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { type Actor, everyOrder, type Hands } from './interleaving.ts';

const NAME = 'candidate/app' as RepositoryName;
const OTHER = 'candidate/other' as RepositoryName;
const DAY = 24 * 3_600_000;
const BLOB = Buffer.from('a layer');
const DIGEST = digestOf(BLOB);
const CONFIG = new Content(BLOB, MEDIA_TYPES.config);
const MANIFEST = parseManifest(new Image({ config: CONFIG, layers: [] }).bytes);

/** A collector whose clock stands at so many days. */
function collector(
  name: string,
  days: number,
  { mayDie = false, onEnd = () => undefined }: { mayDie?: boolean; onEnd?: () => void } = {},
): Actor {
  return {
    name,
    mayDie,
    onDeath: onEnd,
    act: async ({ objects }) => {
      await collectOnce(contextOf(objects, days, false));
      onEnd();
    },
  };
}

function contextOf(objects: Hands['objects'], days: number, deleteUntagged: boolean): CycleContext {
  return {
    objects,
    settings: { graceMs: 0, quarantineMs: DAY, deleteUntagged },
    signal: new AbortController().signal,
    dryRun: false,
    mayChange: async () => undefined,
    fence: OPEN_FENCE,
    settle: async () => undefined,
    now: () => days * DAY,
    counts: newCounts(),
  };
}

/** The registry's content as an actor sees it. `slow` makes every look at the quarantine look old afterwards. */
function contentFor({ objects, clock }: Hands, slow: boolean) {
  let now = 0;
  const later = () => {
    if (slow) now += LOOK_GOOD_MS;
    return now;
  };
  const time = { now: later, wait: clock.wait };
  return contentOf(objects, { quarantine: new CollectionGuard(objects, time) });
}

interface Told {
  exists: boolean;
  pushed: boolean;
  refused: boolean;
}

/** Somebody who pushes: asks, or mounts, or uploads, then puts the manifest. */
function pusher(how: 'head' | 'mount' | 'upload' | 'manifest', told: Told, slow = false): Actor {
  return {
    name: how,
    act: async (hands) => {
      const content = contentFor(hands, slow);
      const { blobs, uploads } = content;
      const name = how === 'mount' ? OTHER : NAME;
      if (how === 'head')
        told.exists =
          (await withPinnedBlob(content, await blobs.resolve(NAME, DIGEST), () =>
            blobs.stat(NAME, DIGEST),
          )) !== undefined;
      if (how === 'mount')
        told.exists = await mountBlob({ content }, NOBODY, { repository: OTHER, digest: DIGEST, from: NAME });
      if (how === 'upload' || ((how === 'head' || how === 'mount') && !told.exists)) {
        const id = await uploads.begin(name);
        const body = { stream: bytes(), sizeBytes: BLOB.length, range: undefined };
        await closeUpload(content, { name, id }, DIGEST, body);
        told.exists = true;
      }
      try {
        await putManifest(content, name, MANIFEST);
        told.pushed = true;
      } catch (error) {
        if (!(error instanceof RegistryError) || error.kind !== 'MANIFEST_BLOB_UNKNOWN') throw error;
        told.refused = true;
      }
    },
  };
}

async function* bytes(): AsyncGenerator<Buffer> {
  yield BLOB;
}

/** A store in which a blob is garbage. */
function withGarbage(): MemoryStore {
  const store = new MemoryStore();
  store.hold(blobDataKey(DIGEST), BLOB, new Date(0));
  store.hold(layerLinkKey(NAME, DIGEST), DIGEST, new Date(0));
  return store;
}

/** {@link withGarbage}, put into quarantine on day 0. */
async function inQuarantine(): Promise<MemoryStore> {
  const store = withGarbage();
  await collectOnce(contextOf(store, 0, false));
  return store;
}

/** No manifest leads nowhere. */
function expectSound({ held }: MemoryStore): void {
  for (const name of [NAME, OTHER]) {
    if (!held.has(revisionLinkKey(name, MANIFEST.canonicalDigest))) continue;
    const needed = [blobDataKey(MANIFEST.canonicalDigest), blobDataKey(DIGEST), layerLinkKey(name, DIGEST)];
    for (const key of needed) expect(held.has(key), key).to.equal(true);
  }
}

const newTold = (): Told => ({ exists: false, pushed: false, refused: false });

interface Outcomes {
  pushed: number;
  refused: number;
  collected: number;
}

/** What must be so when all is done, whatever the order. */
function judge(store: MemoryStore, told: Told, outcomes: Outcomes): void {
  expectSound(store);
  if (told.exists) expect(told.pushed, 'what was told to be there was missed').to.equal(true);
  if (told.pushed)
    expect(
      store.held.has(revisionLinkKey(NAME, MANIFEST.canonicalDigest)) ||
        store.held.has(revisionLinkKey(OTHER, MANIFEST.canonicalDigest)),
    ).to.equal(true);
  outcomes[told.pushed ? 'pushed' : 'refused']++;
  if (!store.held.has(blobDataKey(DIGEST))) outcomes.collected++;
}

describe('a push and the collector, in every order of their requests', () => {
  for (const how of ['head', 'mount', 'upload', 'manifest'] as const) {
    for (const slow of [false, true])
      it(`${how}${slow ? ', by a client who takes long' : ''}, with a collector that deletes`, async function () {
        this.timeout(240_000);
        const outcomes: Outcomes = { pushed: 0, refused: 0, collected: 0 };
        const orders = await everyOrder({ switches: slow ? 1 : 2 }, async () => {
          const store = await inQuarantine();
          const told = newTold();
          return {
            store,
            actors: [pusher(how, told, slow), collector('collector', 2)],
            afterEach: () => expectSound(store),
            atEnd: () => judge(store, told, outcomes),
          };
        });
        expect(orders).to.be.above(slow ? 30 : 100);
        expect(outcomes.pushed).to.be.above(0);
        if (how === 'manifest') expect(outcomes.refused).to.be.above(0);
      });

    it(`${how}, begun before the blob went into quarantine, and ended after it left`, async function () {
      this.timeout(240_000);
      const outcomes: Outcomes = { pushed: 0, refused: 0, collected: 0 };
      await everyOrder({ switches: 1 }, async () => {
        const store = withGarbage();
        const told = newTold();
        const both: Actor = {
          name: 'collector',
          act: async (hands) => {
            await collector('', 0).act(hands);
            await collector('', 2).act(hands);
          },
        };
        return {
          store,
          actors: [pusher(how, told, true), both],
          afterEach: () => undefined,
          // It took longer than the whole quarantine: all that counts is what it was told of its manifest.
          atEnd: () => {
            if (told.pushed) judge(store, told, outcomes);
            else outcomes.refused++;
          },
        };
      });
      expect(outcomes.pushed).to.be.above(0);
    });

    it(`${how}, with a collector that is killed anywhere, and another that takes over`, async function () {
      this.timeout(240_000);
      const outcomes: Outcomes = { pushed: 0, refused: 0, collected: 0 };
      await everyOrder({ switches: 0, faults: 1 }, async () => {
        const store = await inQuarantine();
        const told = newTold();
        const over = Promise.withResolvers<void>();
        const first = collector('first', 2, { mayDie: true, onEnd: over.resolve });
        const second: Actor = {
          name: 'second',
          act: async (hands) => {
            await over.promise;
            await collector('', 2).act(hands);
          },
        };
        return {
          store,
          actors: [first, pusher(how, told), second],
          afterEach: () => expectSound(store),
          atEnd: () => judge(store, told, outcomes),
        };
      });
      expect(outcomes.pushed).to.be.above(0);
    });
  }
});

/**
 * Promise: two cycles with the quarantine between them delete what nothing refers to, and nothing else, in stores of
 * every shape; killed at any request they leave nothing that leads nowhere, and doing it again finishes it.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { CollectionGuard } from '../../services/registry/content/quarantine/guard.ts';
import { QUARANTINE_PREFIX } from '../../services/registry/content/quarantine/keys.ts';
import { CollectorReader } from '../../services/registry/garbage/collector-reader.ts';
import { type ScanHeader, ScanStore } from '../../services/registry/garbage/online/scan-store.ts';
import { ScanFindings } from '../../services/registry/garbage/scan.ts';
import { digestOf, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import { blobDataKey, layerLinkKey, revisionLinkKey } from '../../services/registry/storage/layout.ts';
import { intercepted } from '../support/intercepted.ts';
import type { MemoryStore } from '../support/memory-store.ts';
import { OPEN_FENCE } from '../support/open-fence.ts';
import { cycle, HOUR } from './cycles.ts';
import { danglers } from './danglers.ts';
import { damagedModels, type Model, models, REPOSITORIES, type Written, write } from './model.ts';
import { keptByHand } from './twin.ts';

const NOW = new Date('2024-05-05T05:05:05Z');
const RUNS = 150;

/** Nothing is young: what is too young two scans tell here, not the times of objects. */
function aged(model: Model): Model {
  return {
    ...model,
    manifests: model.manifests.map((manifest) => ({ ...manifest, isYoung: false })),
    blobs: model.blobs.map((blob) => ({ ...blob, isYoung: false, linkIsYoung: false })),
  };
}

/** A tag in any repository keeps a manifest in all: the dull twin says the same of one repository. */
function inOneRepository(model: Model): Model {
  return {
    ...model,
    manifests: model.manifests.map((manifest) => ({
      ...manifest,
      inRepository: [manifest.inRepository[0], false],
    })),
    tags: model.tags.filter(({ repository }) => repository === 0),
  };
}

/** Cycles until nothing more happens. */
async function collect(objects: MemoryStore, deleteUntagged: boolean, from = 0): Promise<void> {
  for (const at of [from, from + 2 * HOUR, from + 4 * HOUR]) await cycle(objects, { at, deleteUntagged });
}

/** What is stored of a model's blobs and manifests, by number. */
function stored({ objects, blobs, manifests }: Written) {
  const numbers = (digests: readonly Sha256Digest[]) =>
    digests.flatMap((digest, at) => (objects.held.has(blobDataKey(digest)) ? [at] : []));
  return { blobs: numbers(blobs), bytes: numbers(manifests) };
}

const sorted = (numbers: Iterable<number>) => [...numbers].sort((one, other) => one - other);

describe('the online collector', () => {
  for (const [stores, deleteUntagged, what] of [
    [models, false, ''],
    [models, true, ''],
    [damagedModels, false, ', where manifests are damaged'],
    [damagedModels, true, ', where manifests are damaged'],
  ] as const)
    it(`${deleteUntagged ? 'with' : 'without'} deleteuntagged keeps what its dull twin keeps${what}`, async () => {
      await fc.assert(
        fc.asyncProperty(stores, fc.boolean(), async (any, bySha512) => {
          const old = deleteUntagged ? inOneRepository(aged(any)) : aged(any);
          const model = bySha512
            ? old
            : { ...old, manifests: old.manifests.map((manifest) => ({ ...manifest, bySha512: false })) };
          const written = write(model, NOW);
          await collect(written.objects, deleteUntagged);
          const kept = keptByHand(model, deleteUntagged);
          const left = stored(written);
          // A name by SHA-512 that any repository explains is enough here.
          if (bySha512) expect(left.bytes).to.include.members([...kept.bytes]);
          else expect(left).to.deep.equal({ blobs: sorted(kept.blobs), bytes: sorted(kept.bytes) });
          expect(left.blobs).to.include.members([...kept.blobs]);
          if (deleteUntagged)
            for (const [at, digest] of written.manifests.entries())
              if (!kept.manifests[0].has(at))
                expect(written.objects.held.has(revisionLinkKey(REPOSITORIES[0], digest))).to.equal(false);
        }),
        { numRuns: RUNS },
      );
    });

  it('killed at any request leaves nothing that leads nowhere, and is finished by the next', async () => {
    await fc.assert(
      fc.asyncProperty(models, fc.boolean(), fc.nat(120), async (any, deleteUntagged, requests) => {
        const model = aged(any);
        const whole = write(model, NOW);
        await collect(whole.objects, deleteUntagged);
        const written = write(model, NOW);
        const before = danglers(written.objects);
        const failing = diesAfter(written.objects, requests);
        await collect(failing, deleteUntagged).catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        });
        expect(danglers(written.objects).filter((fault) => !before.includes(fault))).to.deep.equal([]);
        await collect(written.objects, deleteUntagged, 6 * HOUR);
        expect(stored(written)).to.deep.equal(stored(whole));
        expect(ownKeys(written.objects)).to.deep.equal(ownKeys(whole.objects));
      }),
      { numRuns: 2 * RUNS },
    );
  });

  it('deletes no two kinds of records in one call, whose order is the backend’s', async () => {
    const kinds = [
      /_manifests\/tags\/|\/referrers\//,
      /revisions\/sha256\//,
      /revisions\/sha512\//,
      /\/keepers\//,
    ];
    const mixed: unknown[] = [];
    let records = 0;
    await fc.assert(
      fc.asyncProperty(models, async (model) => {
        const watched = intercepted(write(aged(model), NOW).objects, ({ name, args, proceed }) => {
          const keys = name === 'delete' ? (args[0] as readonly string[]) : [];
          const found = kinds.filter((kind) => keys.some((key) => kind.test(key)));
          if (found.length > 1) mixed.push(keys);
          records += found.length;
          return proceed();
        });
        await collect(watched, true);
      }),
      { numRuns: RUNS },
    );
    expect(records).to.be.above(RUNS / 2);
    expect(mixed).to.deep.equal([]);
  });

  it('waits for the grace, then for the quarantine, and releases what is restored', async () => {
    const { objects, blobs } = write(orphans, NOW);
    const [first, second] = blobs as [Sha256Digest, Sha256Digest];
    const options = { graceMs: 10 * HOUR, quarantineMs: 20 * HOUR };
    const at = async (hours: number) => (await cycle(objects, { ...options, at: hours * HOUR })).counts;
    expect(await at(0)).to.include({ suspected: 2, quarantined: 0 });
    expect(await at(9)).to.include({ suspected: 2, quarantined: 0 });
    expect(await at(10)).to.include({ suspected: 0, quarantined: 2, inQuarantine: 2 });
    expect(await at(29)).to.include({ deleted: 0, inQuarantine: 2 });
    expect(await new CollectionGuard(objects).rescue([first])).to.deep.equal([first]);
    expect(await at(31)).to.include({ deleted: 1, released: 1, inQuarantine: 0, suspected: 0 });
    expect(objects.held.has(blobDataKey(first))).to.equal(true);
    expect(objects.held.has(blobDataKey(second))).to.equal(false);
    // From the beginning.
    expect(await at(40)).to.include({ suspected: 1 });
    expect(await at(50)).to.include({ quarantined: 1 });
    expect(await at(70)).to.include({ deleted: 1 });
    expect(objects.held.has(blobDataKey(first))).to.equal(false);
  });

  it('in a dry run reports, and changes nothing', async () => {
    const { objects, blobs } = write(orphans, NOW);
    const before = [...objects.held.keys()];
    const { candidates, counts } = await cycle(objects, { dryRun: true });
    expect(candidates).to.have.members([...blobs]);
    expect(counts).to.include({ quarantined: 2, deleted: 0 });
    expect([...objects.held.keys()]).to.deep.equal(before);
  });

  for (const deleteUntagged of [false, true])
    it(`${deleteUntagged ? 'with' : 'without'} deleteuntagged keeps all that a repository links while it has a manifest that cannot be read`, async () => {
      const { objects, manifests, blobs } = write(
        { ...orphans, manifests: [image([]), { ...image([]), inRepository: [false, true] }] },
        NOW,
      );
      const [manifest] = manifests as [Sha256Digest];
      const orphan = digestOf(Buffer.from('orphan'));
      objects.hold(blobDataKey(orphan), 'orphan', NOW);
      // In the second repository alone.
      objects.held.delete(layerLinkKey(REPOSITORIES[0], blobs[1] as Sha256Digest));
      objects.hold(blobDataKey(manifest), 'damaged', NOW);
      const why = `${manifest}: its bytes are damaged`;
      const kept = [{ repository: REPOSITORIES[0], why }];
      expect((await cycle(objects, { at: 0, deleteUntagged })).kept).to.deep.equal(kept);
      expect((await cycle(objects, { at: 2 * HOUR, deleteUntagged })).kept).to.deep.equal(kept);
      const isThere = (digest = orphan) => objects.held.has(blobDataKey(digest));
      expect([isThere(manifest), isThere(blobs[0]), isThere(blobs[1]), isThere()]).to.deep.equal([
        ...[true, true, false, false],
      ]);
      // Mended, it is like others.
      objects.held.delete(revisionLinkKey(REPOSITORIES[0], manifest));
      for (const at of [4 * HOUR, 6 * HOUR]) expect((await cycle(objects, { at })).kept).to.deep.equal([]);
      expect([isThere(manifest), isThere(blobs[0])]).to.deep.equal([false, false]);
    });

  it('remembers with a scan that was broken off which repositories it could not read', async () => {
    const { objects, manifests } = write({ ...orphans, manifests: [image([])] }, NOW);
    const reader = new CollectorReader(objects);
    const store = new ScanStore(reader, OPEN_FENCE);
    const header: ScanHeader = { version: 1, startedAt: 0, deleteUntagged: true, due: [] };
    const found = new ScanFindings();
    for (const digest of manifests) found.linked.set(digest, 1);
    found.unreadable.set(REPOSITORIES[0], 'a link');
    await store.keep(await store.begin(header), found, null);
    const { kept } = await cycle(objects, { at: 1, deleteUntagged: true });
    expect(kept).to.deep.equal([{ repository: REPOSITORIES[0], why: 'a link' }]);
  });

  it('deletes nothing more once it may not', async () => {
    const { objects } = write(orphans, NOW);
    await cycle(objects, { at: 0 });
    const before = [...objects.held.keys()].filter((key) => !key.startsWith('roadstead/garbage/'));
    for (let allowed = 0; allowed < 3; allowed++) {
      let asked = 0;
      const mayChange = async () => {
        if (asked++ >= allowed) throw new Error('lost');
      };
      await cycle(objects, { at: 2 * HOUR, mayChange }).catch(() => undefined);
      const after = [...objects.held.keys()].filter((key) => !key.startsWith('roadstead/garbage/'));
      expect(after).to.deep.equal(before);
    }
  });

  it('does without what it remembers, and with what is damaged of it', async () => {
    await fc.assert(
      fc.asyncProperty(models, fc.boolean(), async (any, isDamaged) => {
        const model = aged(any);
        const whole = write(model, NOW);
        await collect(whole.objects, false);
        const written = write(model, NOW);
        await cycle(written.objects, { at: 0 });
        for (const [key, { bytes }] of [...written.objects.held]) {
          if (!/garbage\/(?:facts|suspects|scan)\//.test(key)) continue;
          if (isDamaged)
            written.objects.hold(key, bytes.map((byte, at) => (at === 40 ? ~byte : byte)) as Buffer, NOW);
          else written.objects.held.delete(key);
        }
        await collect(written.objects, false, 2 * HOUR);
        expect(stored(written)).to.deep.equal(stored(whole));
      }),
      { numRuns: RUNS / 2 },
    );
  });
});

const image = (blobs: number[]) => ({
  ...{ blobs, children: [], subject: undefined, bySha512: false, isYoung: false },
  inRepository: [true, false] as const,
});
const orphans: Model = {
  manifests: [],
  blobs: [0, 1].map(() => ({ isYoung: false, linkIsYoung: false, isPublished: false })),
  tags: [],
};

/** What stays of the collector's own, but for what is derived. */
function ownKeys({ held }: MemoryStore): string[] {
  return [...held.keys()].filter(
    (key) => key.startsWith(QUARANTINE_PREFIX) || /garbage\/(?:deleting|rescued|scan)\//.test(key),
  );
}

class Killed extends Error {}

/** A process that is killed at its n-th request: before it, or after it. */
function diesAfter(objects: MemoryStore, requests: number): MemoryStore {
  let count = 0;
  return intercepted(objects, async ({ proceed }) => {
    if (++count > requests) throw new Killed();
    return proceed();
  });
}

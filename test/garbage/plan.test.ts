/**
 * Promise: what a collection would delete is exactly what no tag (or, without --delete-untagged, no manifest) leads to,
 * in stores of every shape; and when that was deleted there is nothing left to delete.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { type GarbagePlan, planGarbage } from '../../services/registry/garbage/offline/plan.ts';
import { sweep } from '../../services/registry/garbage/offline/sweep.ts';
import { digestOf, isSha256 } from '../../services/registry/oci/digest.ts';
import type { Tag } from '../../services/registry/oci/names.ts';
import {
  BLOBS_PREFIX,
  blobDataKey,
  referrerKey,
  revisionLinkKey,
  tagIndexKey,
} from '../../services/registry/storage/layout.ts';
import { intercepted } from '../support/intercepted.ts';
import type { MemoryStore } from '../support/memory-store.ts';
import { danglers } from './danglers.ts';
import { damagedModels, type Model, models, REPOSITORIES, type Written, write } from './model.ts';
import { type Kept, keptByHand } from './twin.ts';

const NOW = new Date('2024-05-05T05:05:05Z');
const RUNS = 400;

describe('the plan of a garbage collection', () => {
  for (const [stores, deleteUntagged, what] of [
    [models, false, ''],
    [models, true, ''],
    [damagedModels, false, ', where manifests are damaged'],
    [damagedModels, true, ', where manifests are damaged'],
  ] as const)
    it(`${deleteUntagged ? 'with' : 'without'} --delete-untagged is what its dull twin says${what}`, async () => {
      await fc.assert(
        fc.asyncProperty(stores, async (model) => {
          const written = write(model, NOW);
          const plan = await planGarbage(written.objects, { deleteUntagged, youngerThan: NOW });
          expectPlan(plan, model, written, keptByHand(model, deleteUntagged), deleteUntagged);
        }),
        { numRuns: RUNS },
      );
    });

  it('when carried out, leaves nothing that leads nowhere, and nothing to plan', async () => {
    await fc.assert(
      fc.asyncProperty(models, fc.boolean(), fc.nat(200), async (model, deleteUntagged, stopAfter) => {
        const { objects } = write(model, NOW);
        const before = danglers(objects);
        const options = { deleteUntagged, youngerThan: NOW };
        const plan = await planGarbage(objects, options);
        // Stopped anywhere, then done again.
        const keys: string[] = [];
        const recording = intercepted(objects, async ({ name, args, proceed }) =>
          name === 'delete' ? void keys.push(...(args[0] as readonly string[])) : proceed(),
        );
        await sweep(recording, plan);
        await objects.delete(keys.slice(0, stopAfter % (keys.length + 1)));
        const halfway = danglers(objects);
        expect(halfway.filter((fault) => !before.includes(fault))).to.deep.equal([]);
        await sweep(objects, await planGarbage(objects, options));
        const again = await planGarbage(objects, options);
        expect([again.repositories, again.blobs.toDelete.size]).to.deep.equal([[], 0]);
        for (const key of keys) expect(objects.held.has(key), key).to.equal(false);
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it('leaves alone what a push links after its repository was marked', async () => {
    const model: Model = {
      manifests: [
        {
          ...{ blobs: [0], children: [], subject: undefined, bySha512: false, isYoung: false },
          inRepository: [true, false],
        },
      ],
      blobs: [{ isYoung: false, linkIsYoung: false, isPublished: false }],
      tags: [],
    };
    const { objects } = write(model, NOW);
    const name = REPOSITORIES[0];
    const late = digestOf(Buffer.from('pushed during the plan'));
    const subject = digestOf(Buffer.from('its subject'));
    const keys = [
      revisionLinkKey(name, late),
      tagIndexKey(name, 'late' as Tag, late),
      referrerKey(name, subject, late),
    ];
    const pushing = intercepted(objects, ({ name: call, args, proceed }) => {
      const request = args[0] as { prefix?: string; limit?: number };
      if (call === 'list' && request.prefix === BLOBS_PREFIX && request.limit !== 1)
        for (const key of keys) objects.hold(key, late, new Date(NOW.getTime() + 1000));
      return proceed();
    });
    for (const deleteUntagged of [false, true]) {
      for (const key of keys) objects.held.delete(key);
      const { repositories } = await planGarbage(pushing, { deleteUntagged, youngerThan: NOW });
      expect(objects.held.has(keys[0] ?? ''), 'it was pushed').to.equal(true);
      const named = repositories.flatMap(({ manifests, history, referrers }) => [
        ...manifests,
        ...[...history, ...referrers].map(({ digest }) => digest),
      ]);
      expect(named, `deleteUntagged: ${deleteUntagged}`).to.not.include(late);
    }
  });

  it('keeps all that a repository links while it has a manifest that cannot be read, and collects the rest', async () => {
    const model: Model = {
      manifests: [0, 1].map((blob) => ({
        ...{ blobs: [blob], children: [], subject: undefined, bySha512: false, isYoung: false },
        inRepository: [true, false],
      })),
      blobs: [0, 1, 2, 3].map((at) => ({
        ...{ isYoung: false, linkIsYoung: false, isPublished: false },
        isInSecond: at > 2,
      })),
      tags: [],
    };
    const [one, two] = REPOSITORIES;
    /** All but an orphan is linked by the first repository. */
    const expectKept = async (objects: MemoryStore, why: string, deleteUntagged: boolean) => {
      const orphan = digestOf(Buffer.from('orphan'));
      objects.hold(blobDataKey(orphan), 'orphan', new Date(0));
      const plan = await planGarbage(objects, { deleteUntagged, youngerThan: NOW });
      expect(plan.kept).to.deep.equal([{ repository: one, why }]);
      expect([...plan.blobs.toDelete]).to.deep.equal([orphan]);
      expect(plan.repositories.map(({ name }) => name)).not.to.include(one);
      await sweep(objects, plan);
    };
    for (const [damage, text] of [
      [Buffer.from('{"schemaVersion":2}'), 'are damaged'],
      [undefined, 'are not there'],
    ] as const) {
      const { objects, manifests } = write(model, NOW);
      const [first] = manifests;
      if (first === undefined) throw new Error('there is none');
      if (damage) objects.hold(blobDataKey(first), damage, NOW);
      else objects.held.delete(blobDataKey(first));
      await expectKept(objects, `${one}@${first}: its bytes ${text}`, false);
    }
    for (const text of ['', 'no digest', blobDataKey(digestOf(Buffer.from('another')))]) {
      const { objects, manifests } = write(model, NOW);
      const key = revisionLinkKey(one, manifests[0] ?? ('' as never));
      objects.hold(key, text, NOW);
      await expectKept(objects, `${key}: holds no digest`, true);
    }
    // Linked by both repositories: both are kept.
    const { objects, manifests } = write(
      { ...model, manifests: model.manifests.map((each) => ({ ...each, inRepository: [true, true] })) },
      NOW,
    );
    objects.held.delete(blobDataKey(manifests[0] ?? ('' as never)));
    const { kept } = await planGarbage(objects, { deleteUntagged: true, youngerThan: NOW });
    expect(kept.map(({ repository }) => repository)).to.deep.equal([one, two]);
  });
});

function expectPlan(
  plan: GarbagePlan,
  model: Model,
  { blobs, manifests }: Written,
  kept: Kept,
  deleteUntagged: boolean,
): void {
  const doomed = new Set([...plan.blobs.toDelete.entries()].map(([digest]) => digest));
  for (const [at, digest] of blobs.entries())
    expect(doomed.has(digest), `blob ${at}`).to.equal(!kept.blobs.has(at));
  for (const [at, digest] of manifests.entries())
    expect(doomed.has(digest), `bytes of manifest ${at}`).to.equal(!kept.bytes.has(at));
  for (const [repository, name] of REPOSITORIES.entries()) {
    const garbage = plan.repositories.find((each) => each.name === name);
    const gone = manifests.filter(
      (_, at) =>
        model.manifests[at]?.inRepository[repository as 0 | 1] &&
        !kept.manifests[repository as 0 | 1].has(at),
    );
    expect(garbage?.manifests.filter(isSha256) ?? []).to.have.members(gone);
    // Both names of each.
    expect(garbage?.manifests ?? []).to.have.length(gone.length * 2);
    if (!deleteUntagged) expect(garbage?.history ?? []).to.deep.equal([]);
    const linked = blobs.filter((_, at) => repository === 0 || model.blobs[at]?.isInSecond !== false);
    expect(garbage?.layers ?? []).to.have.members(linked.filter((digest) => doomed.has(digest)));
    const isWhole = model.manifests.some(
      ({ inRepository, isDamaged }) => isDamaged && inRepository[repository as 0 | 1],
    );
    expect(plan.kept.some((each) => each.repository === name)).to.equal(isWhole);
  }
}

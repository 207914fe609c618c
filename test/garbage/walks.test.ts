/**
 * Promise: what the collections take for garbage is what is not reached by a plain walk that follows links as pulls do,
 * in stores of every shape with directories moved elsewhere; where anything is hidden, they take nothing for garbage.
 */
import { lstat, mkdir, realpath, rename, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { UnreadableError } from '../../services/registry/garbage/collector-reader.ts';
import { planGarbage } from '../../services/registry/garbage/offline/plan.ts';
import { isSha256, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { listAll } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { nightly } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { cycle, HOUR } from './cycles.ts';
import { directoriesOf, fromDisk, toDisk } from './disk.ts';
import type { MemoryObjects } from './memory-objects.ts';
import { models, write } from './model.ts';
import { keptByHand } from './twin.ts';

const NOW = new Date('2024-05-05T05:05:05Z');
const RUNS = 10;

/** A directory that is moved elsewhere, by its place among all; how links lead to it. */
const moves = fc.array(fc.record({ at: fc.nat(), isRelative: fc.boolean(), through: fc.nat({ max: 2 }) }), {
  maxLength: 4,
});

async function move(root: string, key: string, elsewhere: string, { isRelative = false, through = 0 }) {
  const [path, target] = [join(root, key), join(elsewhere, `${basename(key)}-${key.length}`)];
  // Moved before: a relative link would lead nowhere from another directory.
  if ((await lstat(path)).isSymbolicLink()) return;
  await rename(path, target);
  let last = target;
  for (let link = 0; link < through; link++) {
    const next = `${target}-link-${link}`;
    await symlink(isRelative ? relative(elsewhere, last) : last, next);
    last = next;
  }
  // Relative links count from where the directory that holds them really is.
  await symlink(isRelative ? relative(await realpath(dirname(path)), last) : last, path);
}

/** What a client can pull, repository by repository and link by link; manifests as plain JSON. */
function reachable({ held }: MemoryObjects): Set<string> {
  const found = new Set<string>();
  const text = (key: string) => held.get(key)?.bytes.toString('utf8') ?? '';
  const seen = (digest: string, repository: string): void => {
    const kept = digest.startsWith('sha256:')
      ? digest
      : ['_layers', '_manifests/revisions']
          .map((part) => text(`${repository}/${part}/${digest.replace(':', '/')}/link`))
          .find((each) => each !== '');
    if (kept) found.add(kept);
  };
  for (const key of held.keys()) {
    const [, repository = '', digits = ''] =
      /^(.*)\/_manifests\/revisions\/sha256\/([0-9a-f]{64})\/link$/.exec(key) ?? [];
    if (digits === '') continue;
    found.add(`sha256:${digits}`);
    const manifest = JSON.parse(text(blobDataKey(`sha256:${digits}` as Sha256Digest))) as {
      layers: { digest: string }[];
      manifests: { digest: string }[];
    };
    for (const { digest } of [...manifest.layers, ...manifest.manifests]) seen(digest, repository);
  }
  return found;
}

function describeWalks(runs: number): void {
  it('see what a plain walk sees, and take the rest for garbage', async () => {
    await fc.assert(
      fc.asyncProperty(models, moves, fc.boolean(), async (model, moved, deleteUntagged) => {
        await using directory = await tempDir('walks');
        const [root, elsewhere] = [join(directory.path, 'store'), join(directory.path, 'elsewhere')];
        await mkdir(elsewhere);
        const { objects: written, blobs, manifests } = write(model, NOW);
        await toDisk(written, root);
        const directories = directoriesOf(written);
        // Outer ones first: a relative link in a directory that moves afterwards would lead nowhere.
        const outerFirst = moved
          .map(({ at, ...how }) => ({ key: directories[at % directories.length] ?? '', how }))
          .sort((one, other) => one.key.length - other.key.length);
        for (const [i, { key, how }] of outerFirst.entries()) {
          const target = join(elsewhere, String(i));
          await mkdir(target);
          await move(root, key, target, how);
        }
        const objects = await FilesystemStore.open({ rootDirectory: root, sync: false });
        const plain = await fromDisk(root);
        const keys: string[] = [];
        for await (const { key } of listAll(objects, { prefix: '', pageSize: 40 })) keys.push(key);
        expect(keys).to.deep.equal([...plain.held.keys()].sort());
        expect(keys).to.deep.equal([...written.held.keys()].sort());

        const plan = await planGarbage(objects, { deleteUntagged, youngerThan: NOW });
        const doomed = new Set([...plan.blobs.toDelete.entries()].map(([digest]) => digest as string));
        const kept = keptByHand(model, deleteUntagged);
        const stays = [
          ...[...kept.blobs].map((at) => blobs[at] ?? ''),
          ...[...kept.bytes].map((at) => manifests[at] ?? ''),
        ];
        const stored = [...blobs, ...manifests];
        expect([...doomed].sort()).to.deep.equal(stored.filter((each) => !stays.includes(each)).sort());
        if (deleteUntagged) return;
        const reached = reachable(plain);
        expect([...doomed].filter((digest) => reached.has(digest))).to.deep.equal([]);
        await cycle(objects, { at: 0 });
        await cycle(objects, { at: 2 * HOUR });
        for (const digest of stored.filter((each) => reached.has(each)))
          expect(isSha256(digest) && (await objects.stat(blobDataKey(digest))), digest).to.include.keys(
            'sizeBytes',
          );
      }),
      { numRuns: runs },
    );
  });

  it('take nothing for garbage when a directory on the way to a manifest is hidden', async () => {
    await fc.assert(
      fc.asyncProperty(models, fc.nat(), async (model, at) => {
        await using directory = await tempDir('walks');
        const root = join(directory.path, 'store');
        const { objects: written } = write(model, NOW);
        await toDisk(written, root);
        const way = /\/repositories(?:\/one)*(?:\/two)?(?:\/_manifests(?:\/revisions.*)?)?$/;
        const hidden = directoriesOf(written).filter((each) => way.test(each));
        const key = hidden[at % hidden.length] ?? '';
        await rename(join(root, key), join(directory.path, 'away'));
        await symlink(join(directory.path, 'nowhere'), join(root, key));
        const objects = await FilesystemStore.open({ rootDirectory: root, sync: false });
        for (const collect of [
          () => planGarbage(objects, { deleteUntagged: true, youngerThan: NOW }),
          () => cycle(objects, { at: 0 }),
        ]) {
          const refused = await collect().catch((error: unknown) => error);
          expect(refused, key).to.be.instanceOf(UnreadableError);
          expect((refused as UnreadableError).unreadable.join()).to.include(key);
        }
      }),
      { numRuns: runs },
    );
  });
}

describe('the walks of a collection', function () {
  this.timeout(120_000);
  describeWalks(RUNS);
});

nightly(describe)('the walks of many collections', function () {
  this.timeout(900_000);
  describeWalks(RUNS * 100);
});

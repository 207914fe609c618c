/**
 * Promise: whatever of a store is a symbolic link, or a mount, listings and both collections see what pulls see: as if
 * it lay in its place.
 */
import { lstat, mkdir, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { planGarbage } from '../../services/registry/garbage/offline/plan.ts';
import { sweep } from '../../services/registry/garbage/offline/sweep.ts';
import { isSha256, type Sha256Digest } from '../../services/registry/oci/digest.ts';
import { blobDataKey } from '../../services/registry/storage/layout.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { check, faults } from '../check/stores.ts';
import { listPages, pullAll } from '../compat/pulling.ts';
import { mountBound } from '../faults/mounts.ts';
import { blobPath } from '../protocol/on-disk.ts';
import { pushBlob, pushImage } from '../protocol/pushing.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { requiresMounts } from '../support/mounts.ts';
import { freePort } from '../support/ports.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { cycle, HOUR } from './cycles.ts';

const V2 = 'docker/registry/v2';
const REPOSITORIES = `${V2}/repositories`;
const NAMES = ['candidate/team/a', 'candidate/team/b'] as const;
const B = `${REPOSITORIES}/${NAMES[1]}`;
/** The deepest first, so that each can be moved away while the others lie in their places. */
const PLACES = [
  `${B}/_manifests/tags/v1/current/link`,
  `${B}/_manifests/tags`,
  `${B}/_manifests/revisions/sha256`,
  `${B}/_manifests`,
  `${B}/_layers`,
  B,
  `${REPOSITORIES}/candidate/team`,
  REPOSITORIES,
  `${V2}/blobs/sha256`,
  `${V2}/blobs`,
  V2,
  'docker',
  'roadstead',
];

describe('a store of which a part is a symbolic link', function () {
  this.timeout(120_000);
  const cleanUp = new AsyncDisposableStack();
  let registry: TestRegistry;
  let objects: FilesystemStore;
  let elsewhere: string;
  let at = 0;
  before(async () => {
    const directory = cleanUp.use(await tempDir('elsewhere'));
    elsewhere = join(directory.path, 'moved');
    await mkdir(elsewhere);
    const port = await freePort();
    const near = {
      ...{ name: 'near', url: `http://127.0.0.1:${port}`, sameoperator: true, serve: `127.0.0.1:${port}` },
      write: { directory: join(directory.path, 'near') },
    };
    registry = cleanUp.use(await startRegistry({ mirrors: [near], delete: true }));
    objects = await FilesystemStore.open({ rootDirectory: registry.rootDirectory, sync: false });
    for (const name of NAMES) await pushImage(registry.url, name, 'v1');
  });
  after(() => cleanUp.disposeAsync());

  /** Changes places while the registry is paused: its workers would make again what is missing for a moment. */
  async function whilePaused(change: () => Promise<void>): Promise<void> {
    registry.daemon.kill('SIGSTOP');
    try {
      await change();
    } finally {
      registry.daemon.kill('SIGCONT');
    }
  }

  /** Moves parts elsewhere, and leaves links to them. */
  async function withLinks(places: readonly string[], act: () => Promise<void>): Promise<void> {
    const moved: [string, string][] = [];
    try {
      await whilePaused(async () => {
        for (const [i, place] of places.entries()) {
          const [path, target] = [join(registry.rootDirectory, place), join(elsewhere, String(i))];
          await rename(path, target);
          await symlink(target, path);
          moved.push([path, target]);
        }
      });
      await act();
      for (const [path] of moved) expect((await lstat(path)).isSymbolicLink(), path).to.equal(true);
    } finally {
      await whilePaused(async () => {
        for (const [path, target] of moved.reverse()) {
          await rm(path);
          await rename(target, path);
        }
      });
    }
  }

  const pushOrphan = async () => (await pushBlob(registry.url, NAMES[1], newBytes())).digest;

  /** Writes a blob past the registry, without a link to it. */
  async function plantOrphan(): Promise<string> {
    const bytes = newBytes();
    const path = join(registry.rootDirectory, blobPath(sha256(bytes)));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return sha256(bytes);
  }

  /** What everyone sees, and that nothing is collected but a blob that nothing refers to. */
  async function expectSound(addOrphan = pushOrphan): Promise<void> {
    const { url, rootDirectory } = registry;
    expect(await listPages(url, '/v2/_catalog', 'repositories')).to.deep.equal(NAMES);
    for (const name of NAMES) {
      expect(await listPages(url, `/v2/${name}/tags/list`, 'tags'), name).to.deep.equal(['v1']);
      await pullAll(url, name, 'v1');
    }
    const before = await keysBelow(objects, `${V2}/blobs/`);
    expect(before).to.have.length(6);
    for (const deleteUntagged of [false, true]) {
      const orphan = await addOrphan();
      const options = { deleteUntagged, youngerThan: new Date(Date.now() + HOUR) };
      const plan = await planGarbage(objects, options);
      expect([...plan.blobs.toDelete.entries()].map(([digest]) => digest)).to.deep.equal([orphan]);
      const links = addOrphan === pushOrphan ? [[NAMES[1], []]] : [];
      expect(plan.repositories.map(({ name, manifests }) => [name, manifests])).to.deep.equal(links);
      // The one way, then the other.
      if (deleteUntagged) await sweep(objects, plan);
      else {
        for (const _ of [1, 2]) {
          at += 2 * HOUR;
          await cycle(objects, { at, deleteUntagged });
        }
      }
      expect(isSha256(orphan) && (await objects.stat(blobDataKey(orphan as Sha256Digest)))).to.equal(
        undefined,
      );
    }
    expect(await keysBelow(objects, `${V2}/blobs/`)).to.deep.equal(before);
    expect(faults(await check(rootDirectory))).to.deep.equal([]);
  }

  for (const place of PLACES)
    it(`is collected like one without: ${place}`, () => withLinks([place], expectSound));

  it('is collected like one without: all of its places at once', async () => {
    const some = PLACES.filter((place) => !place.includes('current') && place !== `${V2}/blobs/sha256`);
    await withLinks(
      some.filter((place) => !place.includes('revisions')),
      expectSound,
    );
  });

  requiresMounts()('or a mount of its own', () => {
    for (const place of [B, REPOSITORIES, `${V2}/blobs`])
      it(`is collected like one without: ${place}`, async () => {
        const path = join(registry.rootDirectory, place);
        const target = join(elsewhere, 'mounted');
        await whilePaused(async () => {
          await rename(path, target);
          await mkdir(path);
        });
        try {
          await using _ = await mountBound(target, path);
          await expectSound(plantOrphan);
        } finally {
          await whilePaused(async () => {
            await rmdir(path);
            await rename(target, path);
          });
        }
      });
  });

  describe('and then', () => {
    it('keeps the link and what it leads to when all below it is deleted', async () => {
      const place = `${REPOSITORIES}/candidate/gone`;
      const keys = [`${place}/_uploads/1/startedat`, `${place}/_uploads/2/startedat`];
      for (const key of keys) await objects.put(key, Buffer.from('now'));
      await withLinks([place], async () => {
        await objects.delete(keys);
        expect(await keysBelow(objects, `${place}/`)).to.deep.equal([]);
      });
      expect((await lstat(join(registry.rootDirectory, place))).isDirectory()).to.equal(true);
    });

    it('publishes to mirrors with its own records elsewhere', () =>
      withLinks(['roadstead'], async () => {
        await pushImage(registry.url, 'candidate/hello', '1', [newBytes(10_000)]);
        const { lines } = await promote(registry.url, 'candidate/hello:1', 'hello:1', { waitMirrors: 1 });
        expect(lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'promoted' });
        expect(faults(await check(registry.rootDirectory))).to.deep.equal([]);
      }));

    it('loses nothing to the command', () =>
      withLinks([B], async () => {
        const before = await keysBelow(objects, `${V2}/blobs/`);
        const { stdout } = await registry.offline(['garbage-collect', '--grace', '0']);
        expect(stdout).to.match(/^0 objects deleted$/m);
        expect(await keysBelow(objects, `${V2}/blobs/`)).to.deep.equal(before);
      }));
  });
});

async function keysBelow(objects: FilesystemStore, prefix: string): Promise<string[]> {
  return [...(await objects.list({ prefix, limit: 1000 })).keys];
}

/**
 * Promise: after `roadstead backup`, a wiped store and `roadstead restore`, a registry has the same tags, the same audit
 * record and the same result of `roadstead check`; and neither command destroys what it should save.
 */
import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { pushImage, pushIndex } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import type { Image } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';

const TAGS = ['candidate/app:1', 'candidate/app:2', 'candidate/multi:1', 'app:1'];

describe('roadstead backup and restore', function () {
  this.timeout(90_000);
  const held = new AsyncDisposableStack();
  let registry: TestRegistry;
  let backup: string;
  let image: Image;

  before(async () => {
    backup = join(held.use(await tempDir('backup')).path, 'backup');
    registry = held.use(
      await startRegistry({
        delete: true,
        config: (config) => ({
          ...config,
          http: { ...(config['http'] as object), secret: 'a secret of the test, long enough to seal' },
          audit: { enabled: true },
        }),
      }),
    );
    image = await pushImage(registry.url, 'candidate/app', '1', [newBytes(300_000)]);
    await pushImage(registry.url, 'candidate/app', '2');
    await pushIndex(registry.url, 'candidate/multi', '1', [
      await pushImage(registry.url, 'candidate/multi', 'a'),
      await pushImage(registry.url, 'candidate/multi', 'b'),
    ]);
    expect((await promote(registry.url, 'candidate/app:1', 'app:1')).status).to.equal(200);
  });
  after(() => held.disposeAsync());

  const backUp = (...more: readonly string[]) =>
    registry.offline(['backup', '--to', backup, '--json', ...more], { allowFailure: true });
  const restore = (...more: readonly string[]) =>
    registry.offline(['restore', backup, ...more], { allowFailure: true });
  const digests = async () =>
    Promise.all(
      TAGS.map(async (tag) => {
        const [name, reference] = tag.split(':');
        const answer = await send(registry.url, `/v2/${name}/manifests/${reference}`, { method: 'HEAD' });
        return answer.headers['docker-content-digest'];
      }),
    );
  const wipe = async () => {
    await rm(registry.rootDirectory, { recursive: true });
    await mkdir(registry.rootDirectory);
  };
  const checked = async () => {
    const { stdout } = await registry.offline(['check', '--deep', '--json'], { allowFailure: true });
    const { summary } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { summary: object };
    // Tickets of promotions are not restored, so fewer links are read.
    return { ...summary, objectsRead: 0, bytesRead: 0, durationMs: 0 };
  };

  it('show what they would do, and do nothing', async () => {
    const { stdout, stderr, code } = await backUp('--dry-run');
    expect(code, stderr).to.equal(0);
    const planned = JSON.parse(stdout) as { copied: number };
    expect(planned.copied).to.be.above(20);
    const { stdout: done } = await backUp();
    expect(JSON.parse(done)).to.include({ copied: planned.copied, deleted: 0 });
  });

  it('bring everything back', async () => {
    const before = { digests: await digests(), check: await checked() };
    expect(before.digests).to.not.include(undefined);
    const { stdout: record } = await registry.offline(['audit', '--json', '--limit', '0']);
    await backUp();
    await registry.stop();
    await wipe();
    const { stderr, code } = await restore();
    expect(code, stderr).to.equal(0);
    await registry.start();
    expect({ digests: await digests(), check: await checked() }).to.deep.equal(before);
    const blob = await send(registry.url, `/v2/app/blobs/${image.layers[0]?.digest}`);
    expect(blob.body.length).to.equal(300_000);
    const { stdout: after } = await registry.offline(['audit', '--json', '--limit', '0']);
    expect(after).to.include(record);
    expect(after).to.include('"store.restore"');
    expect((await registry.offline(['audit', '--verify'])).stdout).to.include('complete');
  });

  it('refuse a store that has content', async () => {
    const { stderr, code } = await restore();
    expect(code).to.equal(1);
    expect(stderr).to.match(/^the store is not empty \(docker\/registry.*add --overwrite/);
  });

  it('refuse the store itself as its backup', async () => {
    const { stderr, code } = await registry.offline(['backup', '--to', registry.rootDirectory], {
      allowFailure: true,
    });
    expect(code).to.equal(1);
    expect(stderr).to.match(/is the store itself: name another directory/);
  });

  it('follow the store: what was deleted there is deleted', async () => {
    expect((await send(registry.url, '/v2/candidate/app/manifests/2', { method: 'DELETE' })).status).to.equal(
      202,
    );
    const { stdout } = await backUp();
    const { deleted } = JSON.parse(stdout) as { deleted: number };
    expect(deleted).to.be.above(0);
    const gone = join(backup, 'docker/registry/v2/repositories/candidate/app/_manifests/tags/2/current/link');
    expect(await readFile(gone).catch(({ code }: NodeJS.ErrnoException) => code)).to.equal('ENOENT');
  });

  it('find a damaged blob in the backup, and copy it again', async () => {
    const hex = image.layers[0]?.digest.slice(7) ?? '';
    const path = join(backup, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    const sound = await readFile(path);
    await truncate(path, 1000);
    const { stdout, code } = await backUp('--verify');
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ copied: 1 });
    expect((await readFile(path)).equals(sound)).to.equal(true);
  });

  it('name a blob that is damaged in the store, and do not copy it', async () => {
    const bytes = newBytes(5000);
    await pushImage(registry.url, 'candidate/app', '3', [bytes]);
    const hex = sha256(bytes).slice(7);
    const path = join('docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    await writeFile(join(registry.rootDirectory, path), 'something else');
    const { stdout, code } = await backUp();
    expect(code).to.equal(2);
    expect((JSON.parse(stdout) as { damage: string[] }).damage).to.have.lengthOf(1);
    expect(stdout).to.include(`the blob sha256:${hex} is damaged`);
    expect(await readFile(join(backup, path)).catch(({ code }: NodeJS.ErrnoException) => code)).to.equal(
      'ENOENT',
    );
    await writeFile(join(registry.rootDirectory, path), bytes);
  });

  it('leave the backup alone if the store lost most of what it had, or is another one', async () => {
    const before = await readFile(join(backup, 'roadstead/backup.json'), 'utf8');
    await registry.stop();
    const moved = `${registry.rootDirectory}.away`;
    await rename(registry.rootDirectory, moved);
    await mkdir(join(registry.rootDirectory, 'docker'), { recursive: true });
    const empty = await backUp();
    expect(empty.code).to.equal(1);
    expect(empty.stderr).to.match(/is missing in the source: this is another store/);
    await rm(registry.rootDirectory, { recursive: true });
    await rename(moved, registry.rootDirectory);
    await registry.start();
    expect(await readFile(join(backup, 'roadstead/backup.json'), 'utf8')).to.equal(before);
  });

  it('continue what was interrupted, with writes off until then', async () => {
    const notice = join(registry.rootDirectory, 'roadstead/read-only.json');
    await backUp();
    await registry.stop();
    await wipe();
    const mark = join(backup, 'roadstead/backup.json');
    const { completedAt: _, ...interrupted } = JSON.parse(await readFile(mark, 'utf8')) as Record<
      string,
      unknown
    >;
    await writeFile(mark, JSON.stringify(interrupted));
    expect((await restore()).stderr).to.include('has not ended: run it again, or add --incomplete');
    // A directory in the place of an object stops it near its end.
    await mkdir(join(registry.rootDirectory, 'roadstead/publications/000000000001.json/x'), {
      recursive: true,
    });
    expect((await restore('--incomplete')).code).to.equal(1);
    expect(await readFile(notice, 'utf8')).to.include('restore from a backup');
    await rm(join(registry.rootDirectory, 'roadstead/publications'), { recursive: true });
    const second = await restore('--incomplete');
    expect(second.code, second.stderr).to.equal(0);
    expect(await readFile(notice, 'utf8').catch(() => 'gone')).to.equal('gone');
    await registry.start();
    expect((await digests()).filter((digest) => digest === undefined)).to.have.lengthOf(1);
  });
});

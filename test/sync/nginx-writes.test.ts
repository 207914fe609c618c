/** Promise: a real nginx with a limit, or with a full disk, gets and serves all that it can take; nothing is left there. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { PublicSide } from '../../services/sync/mirrors/public-side.ts';
import { DirectoryTarget } from '../../services/sync/targets/directory.ts';
import type { MirrorTarget } from '../../services/sync/targets/target.ts';
import { WebdavTarget } from '../../services/sync/targets/webdav.ts';
import { Lines } from '../../services/sync/transfer/lines.ts';
import { type PublishResult, publishBlob } from '../../services/sync/transfer/publish-blob.ts';
import { SizeRefusals } from '../../services/sync/transfer/size-refusals.ts';
import { Spool } from '../../services/sync/transfer/spool.ts';
import { mountTmpfs } from '../faults/tmpfs.ts';
import { requiresMounts } from '../support/mounts.ts';
import { type NginxMirror, SHIPPED_MIRROR, startNginxMirror } from '../support/nginx-mirror.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { CountedStore, type MadeBlob, makeBlob } from './made-blobs.ts';

const MIB = 1024 * 1024;
const never = new AbortController().signal;

/** Publishes blobs to a mirror, as its worker does. */
function publisher(
  mirror: NginxMirror,
  directory: string,
  blobs: readonly MadeBlob[],
  target?: MirrorTarget,
) {
  const store = new CountedStore(blobs);
  const parts = {
    ...{ mirror: 'm', publicSide: new PublicSide({ url: mirror.url }), verify: 'full' as const, lagMs: 100 },
    target: target ?? new WebdavTarget({ url: mirror.davUrl }),
    spool: new Spool({ directory, maxBytes: 0, open: store.open }),
    lines: new Lines({ uploads: 4 }),
    refusals: new SizeRefusals(),
  };
  return { store, parts, publish: (blob: MadeBlob) => publishBlob(parts, blob, never) };
}

const reasonOf = (result: PublishResult) =>
  typeof result === 'object' && 'reason' in result ? result.reason : result;

requires(['nginx'])('an nginx mirror', function () {
  this.timeout(60_000);

  it('with client_max_body_size 25m gets what is smaller, and refuses the rest once', async () => {
    await using home = await tempDir('nginx-limit');
    const configTemplate = join(home.path, 'nginx.conf');
    const template = await readFile(SHIPPED_MIRROR, 'utf8');
    const limited = template.replace('client_max_body_size 0;', 'client_max_body_size 25m;');
    expect(limited).to.not.equal(template);
    await writeFile(configTemplate, limited);
    const root = join(home.path, 'root');
    await using mirror = await startNginxMirror({ configTemplate, root, originUrl: 'http://127.0.0.1:1' });
    const blobs = [makeBlob(30 * MIB), makeBlob(40 * MIB), makeBlob(20 * MIB), makeBlob(1)] as const;
    const { store, publish } = publisher(mirror, home.path, blobs);
    const results: PublishResult[] = [];
    for (const blob of blobs) results.push(await publish(blob));
    const reason = `PUT was answered with 413: it takes no file of this size (${30 * MIB} bytes)`;
    expect(results.map(reasonOf)).to.deep.equal([reason, `not tried: ${reason}`, 'held', 'held']);
    expect(store.opened).to.have.lengthOf(3);
    expect(await readdir(join(root, '.incoming'))).to.deep.equal([]);
  });

  it('is not believed if its URL is a partial copy', async () => {
    await using home = await tempDir('nginx-copy');
    const options = { originUrl: 'http://127.0.0.1:1' };
    await using written = await startNginxMirror({ ...options, root: join(home.path, 'written') });
    await using served = await startNginxMirror({ ...options, root: join(home.path, 'served') });
    const blob = makeBlob(MIB);
    const { parts } = publisher(written, home.path, [blob]);
    const result = await publishBlob(
      { ...parts, publicSide: new PublicSide({ url: served.url }) },
      blob,
      never,
    );
    expect(reasonOf(result)).to.equal('written, but its URL redirects elsewhere (307)');
    expect(await publishBlob(parts, blob, never)).to.equal('held');
  });

  it('is swept of everything that writes left behind, and takes blobs afterwards', async () => {
    await using home = await tempDir('nginx-sweep');
    const root = join(home.path, 'root');
    const options = { originUrl: 'http://127.0.0.1:1' };
    await using mirror = await startNginxMirror({ ...options, root });
    const [blob, next] = [makeBlob(10), makeBlob(10)];
    const { parts, publish } = publisher(mirror, home.path, [blob, next]);
    await parts.target.sweep(0, never);
    expect(await publish(blob)).to.equal('held');
    await writeFile(join(root, '.incoming', 'left.0000000001'), 'half');
    await parts.target.sweep(0, never);
    expect(await readdir(root)).to.not.include('.incoming');
    expect(await publish(blob)).to.equal('held');
    expect(await publish(next)).to.equal('held');
  });
});

requiresMounts()('a mirror whose disk is full', function () {
  this.timeout(60_000);

  for (const kind of ['webdav', 'directory'] as const)
    it(`gets by ${kind} what there is room for, and nothing half-written stays`, async () => {
      await using home = await tempDir('full');
      await using disk = await mountTmpfs(8);
      const options = { originUrl: 'http://127.0.0.1:1' };
      await using mirror = await startNginxMirror({ ...options, root: disk.path });
      const blobs = [makeBlob(20 * MIB), makeBlob(30 * MIB), makeBlob(2 * MIB)] as const;
      await using directory = new DirectoryTarget(disk.path);
      const target = kind === 'directory' ? directory : undefined;
      const { store, parts, publish } = publisher(mirror, home.path, blobs, target);
      const results: PublishResult[] = [];
      for (const blob of blobs) results.push(await publish(blob));
      const why =
        kind === 'directory' ? 'its disk is full' : 'PUT was answered with 500: its disk may be full';
      const reason = `${why} (${20 * MIB} bytes)`;
      expect(results.map(reasonOf)).to.deep.equal([reason, `not tried: ${reason}`, 'held']);
      expect(store.opened).to.have.lengthOf(2);
      expect(await readdir(join(disk.path, '.incoming')).catch(() => [])).to.deep.equal([]);
      expect(await disk.freeBytes()).to.be.greaterThan(5 * MIB);
      await disk.resize(64);
      parts.refusals.took(20 * MIB);
      expect(await publish(blobs[0])).to.equal('held');
    });
});

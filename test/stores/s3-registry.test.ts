/**
 * Promise: over a bucket the registry is the same registry: clients push and pull, releases are promoted, and any node
 * goes on with what another began.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { pushBlob } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { sha256 } from '../support/digest.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import { RADOSGW_PROGRAMS, type Radosgw, startRadosgw } from '../support/radosgw.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const MEBIBYTE = 1024 * 1024;

requires([...RADOSGW_PROGRAMS, 'skopeo'])('A registry over S3', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let radosgw: Radosgw;
  let bucket: string;
  let nodes: readonly TestRegistry[];
  let truth: S3Store;

  before(async () => {
    radosgw = held.use(await startRadosgw());
    const options = await radosgw.newBucket({ rootDirectory: '/images' });
    bucket = options.bucket;
    truth = held.use(await S3Store.open(options));
    const overBucket = (config: Readonly<Record<string, unknown>>) => ({
      ...config,
      storage: {
        s3: {
          ...{ region: 'us-east-1', regionendpoint: radosgw.endpoint, bucket, rootdirectory: '/images' },
          ...{ accesskey: 'testaccess', secretkey: 'testsecret', chunksize: 5 * MEBIBYTE },
        },
        delete: { enabled: true },
        redirect: { disable: true },
      },
    });
    const start = async (command: 'serve' | 'api') =>
      held.use(await startRegistry({ command, config: overBucket }));
    nodes = [await start('serve'), await start('api'), await start('api')];
  });
  after(() => held.disposeAsync());

  const node = (i: number): TestRegistry => {
    const found = nodes[i];
    if (found === undefined) throw new Error(`no node ${i}`);
    return found;
  };

  it('takes an image from skopeo, promotes it, and gives it to skopeo by another node', async () => {
    await using home = await tempDir('s3-registry');
    await using skopeo = await Skopeo.open();
    const layout = await makeImageLayout(join(home.path, 'image'), { layerSizesMib: [1, 12] });
    await skopeo.copyAll(layout.directory, 'multi', `${node(1).host}/candidate/hello:1`);
    await node(0).cli(['promote', 'candidate/hello:1', 'hello:1']);
    const manifest = await skopeo.inspectRaw(`${node(2).host}/hello:1`);
    expect(sha256(Buffer.from(manifest))).to.equal(layout.digests.multi);
    await skopeo.copyToDir(`${node(2).host}/hello:1`, join(home.path, 'pulled'), { all: true });
    const layers = (await readdir(join(home.path, 'pulled'))).filter((name) => /^[0-9a-f]{64}$/.test(name));
    for (const name of layers)
      expect(sha256(await readFile(join(home.path, 'pulled', name)))).to.equal(`sha256:${name}`);
    expect(layers).to.have.length.above(3);
  });

  it('takes an upload that begins on one node, continues on another and ends on a third', async () => {
    const [first, second, third] = [newBytes(6 * MEBIBYTE), newBytes(MEBIBYTE), newBytes(11 * MEBIBYTE)];
    const whole = Buffer.concat([first, second, third]);
    const begun = await send(node(0).url, '/v2/candidate/parts/blobs/uploads/', { method: 'POST' });
    expect(begun.status).to.equal(202);
    let target = pathOf(begun.headers.location);
    for (const [i, body] of [first, second].entries()) {
      const patched = await send(node(i + 1).url, target, { method: 'PATCH', body });
      expect(patched.status, patched.body.toString()).to.equal(202);
      target = pathOf(patched.headers.location);
    }
    const digest = sha256(whole);
    const query = `${target.includes('?') ? '&' : '?'}digest=${digest}`;
    const closed = await send(node(0).url, target + query, { method: 'PUT', body: third });
    expect(closed.status, closed.body.toString()).to.equal(201);
    const got = await send(node(1).url, `/v2/candidate/parts/blobs/${digest}`);
    expect(got.body.equals(whole)).to.equal(true);
    const range = await send(node(2).url, `/v2/candidate/parts/blobs/${digest}`, {
      headers: { range: 'bytes=6291450-7340040' },
    });
    expect(range.status).to.equal(206);
    expect(range.body.equals(whole.subarray(6_291_450, 7_340_041))).to.equal(true);
  });

  it("keeps Distribution's layout, and nothing of uploads that have ended", async () => {
    const bytes = newBytes();
    const { digest } = await pushBlob(node(0).url, 'candidate/laid', bytes);
    const hex = digest.slice('sha256:'.length);
    const key = `docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
    expect((await truth.read(key, 10_000))?.equals(bytes)).to.equal(true);
    const link = `docker/registry/v2/repositories/candidate/laid/_layers/sha256/${hex}/link`;
    expect((await truth.read(link, 100))?.toString()).to.equal(digest);
    const uploads = 'docker/registry/v2/repositories/candidate/laid/_uploads/';
    expect((await truth.list({ prefix: uploads, limit: 10 })).keys).to.deep.equal([]);
  });

  it('says where it keeps things, and shows nobody its keys', async () => {
    const log = JSON.stringify(node(0).log()) + node(0).daemon.output();
    expect(log).to.include(`s3://${bucket}/images at ${radosgw.endpoint}`).and.not.include('testsecret');
  });

  it('does not start without its bucket, and says so', async () => {
    const failing = startRegistry({
      config: (config) => ({
        ...config,
        storage: {
          s3: {
            ...{ region: 'us-east-1', regionendpoint: radosgw.endpoint, bucket: 'absent' },
            ...{ accesskey: 'testaccess', secretkey: 'testsecret' },
          },
        },
      }),
    });
    const message = await failing.then(
      () => 'it started',
      (error: unknown) => String(error),
    );
    expect(message)
      .to.include('storage.s3.bucket = absent: there is no such bucket')
      .and.not.include('testsecret');
  });
});

function pathOf(location: string | undefined): string {
  const url = new URL(location ?? '', 'http://localhost');
  return url.pathname + url.search;
}

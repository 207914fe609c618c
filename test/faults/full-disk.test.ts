import { expect } from 'chai';
import { sha256 } from '../support/digest.ts';
import { requiresMounts } from '../support/mounts.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import type { Answer } from './client.ts';
import { ImageWalk } from './image-walk.ts';
import { makeImage, makeLayer } from './images.ts';
import { postAndGoOn } from './kept-connection.ts';
import { Random } from './random.ts';
import { StoreView } from './store-view.ts';
import { mountTmpfs, type Tmpfs } from './tmpfs.ts';
import { codeOf, OCTETS, REPOSITORY, UPLOADS, UploadClient } from './upload-client.ts';
import { Uploader } from './uploads.ts';

const MIB = 1024 * 1024;
const DISK_MIB = 8;
const LARGER_DISK_MIB = 64;
const STORAGE_FULL = /storage is full/;

function expectStorageFull(answer: Answer): void {
  expect([answer.status, codeOf(answer)]).to.deep.equal([503, 'UNAVAILABLE']);
  expect(answer.body.toString()).to.match(STORAGE_FULL);
}

requiresMounts()('a registry whose disk is full', () => {
  const random = new Random(1);
  const image = makeImage(random, makeLayer(random), false);
  const large = random.bytes(20 * MIB);
  const digest = sha256(large);
  let disk: Tmpfs;
  let registry: TestRegistry;
  let client: UploadClient;
  let store: StoreView;
  let upload: string;

  const tag = (name: string) =>
    client.call('PUT', `/v2/${REPOSITORY}/manifests/${name}`, {
      headers: { 'content-type': image.top.mediaType },
      body: image.top.bytes,
    });
  const promote = () =>
    postAndGoOn(`${registry.url}/api/v1/promotions`, { source: `${REPOSITORY}:1`, target: 'app:1' });

  before(async () => {
    disk = await mountTmpfs(DISK_MIB);
    registry = await startRegistry({ rootDirectory: disk.path, sync: true });
    client = new UploadClient(registry.url);
    store = new StoreView(disk.path);
    const uploader = new Uploader(client);
    for (const blob of image.blobs) await uploader.push(REPOSITORY, blob, 'patch');
    expect((await tag('1')).status).to.equal(201);
  });
  after(async () => {
    await client?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await disk?.[Symbol.asyncDispose]();
  });
  afterEach('it still serves what was there before, and leaves nothing half-written', async () => {
    expect(await new ImageWalk(client).tag(REPOSITORY, '1')).to.equal(image.top.digest);
    expect(await store.leftovers()).to.deep.equal([]);
  });

  describe('by a layer that does not fit', () => {
    it('answers its PATCH with 503, and says why', async () => {
      upload = await client.begin();
      expectStorageFull(await client.patch(upload, large));
    });

    it('shows nothing of it, and keeps the upload to be gone on with', async () => {
      expect(await client.shows(digest)).to.equal(false);
      expect((await client.expect(204, 'GET', upload)).header('range')).to.equal('0-0');
    });

    it('answers a PUT or POST of the whole in the same way', async () => {
      expectStorageFull(await client.close(await client.begin(), digest, large));
      expectStorageFull(
        await client.call('POST', `${UPLOADS}?digest=${digest}`, { headers: OCTETS, body: large }),
      );
      expect(await client.shows(digest)).to.equal(false);
    });

    it('gives back the room of bytes that it then has no room to record', async () => {
      const another = await client.begin();
      await using _ballast = await disk.fill(MIB);
      const freeBytes = await disk.freeBytes();
      expectStorageFull(await client.patch(another, large.subarray(0, MIB)));
      expect(await disk.freeBytes()).to.equal(freeBytes);
    });
  });

  describe('to the last byte', () => {
    let ballast: AsyncDisposable;
    before(async () => {
      ballast = await disk.fill(0);
    });
    after(() => ballast?.[Symbol.asyncDispose]());

    it('refuses uploads and manifests, and says why', async () => {
      expectStorageFull(await client.call('POST', UPLOADS));
      expectStorageFull(await tag('2'));
    });

    it('ends a promotion by reporting that it failed, and why', async () => {
      const { body } = await promote();
      const { event, error } = JSON.parse(body.trim().split('\n').at(-1) ?? '') as {
        event: string;
        error?: { code: string; message: string };
      };
      expect([event, error?.code]).to.deep.equal(['failed', 'UNAVAILABLE']);
      expect(error?.message).to.match(STORAGE_FULL);
    });

    it('does not break the connection on which it reported a failed promotion', async () => {
      expect((await promote()).connectionLasted).to.equal(true);
    });

    it('has moved no tag and published nothing', async () => {
      for (const path of [`/v2/${REPOSITORY}/manifests/2`, '/v2/app/manifests/1'])
        expect((await client.call('GET', path)).status).to.equal(404);
      expect(await store.readLog()).to.deep.equal([]);
    });

    it('lives on, and says so', async () => {
      for (const path of ['/livez', '/readyz', '/v2/'])
        expect((await client.call('GET', path)).status, path).to.equal(200);
    });

    it('starts again, for pulls, and says whether it takes pushes', async () => {
      await registry.stop();
      await registry.start();
      const ready = async (query: string) => {
        const answer = await fetch(`${registry.url}/readyz${query}`);
        return `${answer.status} ${await answer.text()}`;
      };
      const reason = '"reason":"pushes fail: the object store is full"';
      expect(await ready('')).to.equal(`200 {"status":"degraded",${reason}}`);
      expect(await ready('?writes')).to.equal(`503 {"status":"unavailable",${reason}}`);
      expect(registry.log().map(({ msg }) => String(msg))).to.include.members([
        'the object store is full: pulls are served, and pushes fail until there is room',
      ]);
    });
  });

  describe('and then gets room', () => {
    before(() => disk.resize(LARGER_DISK_MIB));

    it('takes the layer in the very upload that failed', async () => {
      expect((await client.patch(upload, large)).status).to.equal(202);
      expect((await client.close(upload, digest)).status).to.equal(201);
      await client.expectPullable(large);
    });

    it('takes manifests and promotions', async () => {
      expect((await tag('2')).status).to.equal(201);
      expect((await promote()).body).to.match(/"done","outcome":"promoted"/);
      expect(await new ImageWalk(client).tag('app', '1')).to.equal(image.top.digest);
    });
  });
});

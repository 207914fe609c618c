/**
 * Promise: a manifest costs the registry what it may name, not what it says: one that names more than the operator
 * allows is refused before anything is looked up, and so is the delete of one that more tags name. What is stored
 * already stays. Each refusal says what to do, and leaves the limit in the log and in a metric.
 */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { newBytes } from '../support/bytes.ts';
import { cpuSeconds } from '../support/cpu.ts';
import { digestBy } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { Content, type Descriptor, Image, MEDIA_TYPES, manifestOf } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushBlob, pushManifest, putManifest } from './pushing.ts';
import { expectError, send } from './wire.ts';

/** Before there were ceilings, 4 MiB of these took 5 s and 17 s of processor time. */
const CPU_SECONDS_MAX = 2;

const absent = (count: number): Descriptor[] =>
  Array.from({ length: count }, (_, i) => ({
    mediaType: 'a/b',
    digest: `sha256:${i.toString(16).padStart(64, '0')}`,
    size: 1,
  }));

describe('a manifest that names too much', function () {
  this.timeout(60_000);
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry({ promotion: false, delete: true });
  });
  after(() => registry[Symbol.asyncDispose]());

  const put = (content: Content, name = 'hello', reference = 'x') =>
    putManifest(registry.url, name, reference, content.bytes, content.mediaType);

  /** Of the limit, how often it refused. */
  async function refusals(limit: string): Promise<number> {
    const metrics = await (await fetch(`${registry.debugUrl}/metrics`)).text();
    const line = new RegExp(`^roadstead_http_refused_requests_total\\{limit="${limit}"\\} (\\d+)$`, 'm');
    return Number(line.exec(metrics)?.[1] ?? 0);
  }

  it('is refused at once: an index of 9,000 manifests that are nowhere', async () => {
    const index = manifestOf(MEDIA_TYPES.index, { manifests: absent(9000) });
    const before = cpuSeconds(registry.daemon.pid);
    const { message, detail } = expectError(await put(index), 400, 'MANIFEST_INVALID');
    expect(cpuSeconds(registry.daemon.pid) - before).to.be.at.most(CPU_SECONDS_MAX);
    expect(message).to.include('9000').and.to.include('limits.manifests.children');
    expect(detail).to.deep.equal({ count: 9000, most: 1000 });
    expect(await refusals('manifest_children')).to.equal(1);
    await eventually('the log line names the limit', () =>
      registry.log().some((line) => line['limit'] === 'manifest_children'),
    );
  });

  it('is refused at once: an image that names one blob by SHA-512 9,000 times', async () => {
    const bytes = newBytes(8);
    const layer = { mediaType: 'a/b', digest: digestBy('sha512', bytes), size: bytes.length };
    const target = `/v2/hello/blobs/uploads/?digest=${layer.digest}`;
    expect((await send(registry.url, target, { method: 'POST', body: bytes })).status).to.equal(201);
    const image = new Image({ config: layer, layers: Array(9000).fill(layer) });
    const before = cpuSeconds(registry.daemon.pid);
    const { message } = expectError(await put(image), 400, 'MANIFEST_INVALID');
    expect(cpuSeconds(registry.daemon.pid) - before).to.be.at.most(CPU_SECONDS_MAX);
    expect(message).to.include('9000').and.to.include('limits.manifests.layers');
    expect(await refusals('manifest_layers')).to.equal(1);
  });

  it('is refused: layers that name 30,000 URLs', async () => {
    const config = await pushBlob(registry.url, 'hello', newBytes(), MEDIA_TYPES.config);
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
    const [layer] = absent(1);
    const layers = [{ ...(layer as Descriptor), mediaType, urls: Array(30_000).fill('http://a') }];
    const image = manifestOf(MEDIA_TYPES.image, { config, layers });
    expectError(await put(image), 400, 'MANIFEST_INVALID');
    expect(await refusals('manifest_urls')).to.equal(1);
  });

  it('is refused, and counted, for its bytes, its shape and its tags', async () => {
    const large = new Content(Buffer.alloc(4 * 1024 * 1024 + 1, ' '), MEDIA_TYPES.index);
    expectError(await put(large), 413, 'SIZE_INVALID');
    const many = await put(manifestOf(MEDIA_TYPES.index, { manifests: absent(36_000) }));
    const { message } = expectError(many, 400, 'MANIFEST_INVALID');
    expect(message).to.include('50000').and.to.include('limits.manifests.children');
    const deep = new Content(Buffer.from('['.repeat(1000)), MEDIA_TYPES.index);
    expectError(await put(deep), 400, 'MANIFEST_INVALID');
    const index = manifestOf(MEDIA_TYPES.index, { manifests: [] });
    const tags = Array.from({ length: 101 }, (_, i) => `tag=t${i}`).join('&');
    expectError(await put(index, 'hello', `${index.digest}?${tags}`), 414, 'TAG_INVALID');
    for (const [limit, count] of Object.entries({ manifest_bytes: 1, manifest_shape: 2, pushed_tags: 1 }))
      expect(await refusals(limit), limit).to.equal(count);
  });

  it('is taken up to the limits of the operator; what is stored stays when these are lowered', async () => {
    const children: Content[] = [];
    for (let i = 0; i < 4; i++) {
      const child = manifestOf(MEDIA_TYPES.index, { manifests: [], annotations: { i: String(i) } });
      await pushManifest(registry.url, 'lowered', child);
      children.push(child);
    }
    const config = await pushBlob(registry.url, 'lowered', newBytes(), MEDIA_TYPES.config);
    const layers: Descriptor[] = [];
    for (let i = 0; i < 4; i++) layers.push(await pushBlob(registry.url, 'lowered', newBytes()));
    const index = (count: number) =>
      manifestOf(MEDIA_TYPES.index, { manifests: children.slice(0, count), annotations: { is: 'top' } });
    const image = (count: number) => new Image({ config, layers: layers.slice(0, count) });
    for (const each of [index(4), image(4)]) await pushManifest(registry.url, 'lowered', each);
    await registry.stop();
    await appendFile(registry.configPath, stringify({ limits: { manifests: { children: 3, layers: 3 } } }));
    await registry.start();
    for (const each of [index(4), image(4)]) {
      expectError(await put(each, 'lowered', each.digest), 400, 'MANIFEST_INVALID');
      const pulled = await send(registry.url, `/v2/lowered/manifests/${each.digest}`);
      expect(pulled.body.equals(each.bytes)).to.equal(true);
    }
    for (const each of [index(3), image(3)]) await pushManifest(registry.url, 'lowered', each);
    for (const each of [index(4), image(4)]) {
      const target = `/v2/lowered/manifests/${each.digest}`;
      expect((await send(registry.url, target, { method: 'DELETE' })).status).to.equal(202);
    }
  });
});

describe('the delete of a manifest', function () {
  this.timeout(60_000);
  const MOST = 3;
  let registry: TestRegistry;
  before(async () => {
    const config = (own: Readonly<Record<string, unknown>>) => ({ ...own, limits: { deletedtags: MOST } });
    registry = await startRegistry({ promotion: false, delete: true, config });
  });
  after(() => registry[Symbol.asyncDispose]());

  const [few, other] = ['few', 'other'].map((is) =>
    manifestOf(MEDIA_TYPES.index, { manifests: [], annotations: { is } }),
  ) as [Content, Content];
  const remove = (name: string, reference: string) =>
    send(registry.url, `/v2/${name}/manifests/${reference}`, { method: 'DELETE' });
  const tagsOf = async (name: string) => {
    const { body } = await send(registry.url, `/v2/${name}/tags/list`);
    return (JSON.parse(body.toString()) as { tags: string[] }).tags;
  };

  it('takes no more tags along than the operator allows, and then changes nothing', async () => {
    const tags = ['a', 'b', 'c', 'd'];
    for (const tag of tags) await pushManifest(registry.url, 'hello', few, tag);
    const { message } = expectError(await remove('hello', few.digest), 409, 'DENIED');
    expect(message).to.include('limits.deletedtags');
    expect(await tagsOf('hello')).to.deep.equal(tags);
    expect((await remove('hello', 'd')).status).to.equal(202);
    expect((await remove('hello', few.digest)).status).to.equal(202);
    for (const tag of tags)
      expect((await send(registry.url, `/v2/hello/manifests/${tag}`)).status).to.equal(404);
  });

  it('reads no more tags than twenty for each that it may take along', async () => {
    await pushManifest(registry.url, 'many', few);
    const tags = Array.from({ length: MOST * 20 + 1 }, (_, i) => `tag=t${i}`).join('&');
    await pushManifest(registry.url, 'many', other, `${other.digest}?${tags}`);
    expectError(await remove('many', few.digest), 409, 'DENIED');
    expect((await remove('many', 't0')).status).to.equal(202);
    expect((await remove('many', few.digest)).status).to.equal(202);
  });
});

describe('an upload in more pieces than can be joined', () => {
  it('is refused, with what to do instead', async () => {
    await using registry = await startRegistry({ promotion: false });
    const begun = await send(registry.url, '/v2/hello/blobs/uploads/', { method: 'POST' });
    const { pathname } = new URL(begun.headers.location ?? '', registry.url);
    const segments = Array.from({ length: 10_000 }, () => ({
      id: crypto.randomUUID(),
      sizeBytes: 1,
      level: 0,
    }));
    const parts = join(
      registry.rootDirectory,
      `docker/registry/v2/repositories/hello/_uploads/${begun.headers['docker-upload-uuid']}/_roadstead/parts`,
    );
    await mkdir(parts, { recursive: true });
    const record = { offset: 9999, sizeBytes: 1, segments };
    await writeFile(join(parts, '0000000000009999.json'), JSON.stringify(record));
    const patched = await send(registry.url, pathname, { method: 'PATCH', body: newBytes(1) });
    const { message } = expectError(patched, 400, 'BLOB_UPLOAD_INVALID');
    expect(message).to.include('larger pieces');
  });
});

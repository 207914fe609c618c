/**
 * Promise: nothing can be deleted unless the operator allows it; then tags, manifests and blobs go at once, and
 * nothing goes with them but what names them.
 */
import { expect } from 'chai';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { type Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { pushImage, pushIndex, putManifest } from './pushing.ts';
import { type Answer, expectError, jsonOf, send } from './wire.ts';

function requests(registry: TestRegistry) {
  const call = (method: string, path: string): Promise<Answer> =>
    send(registry.url, `/v2/${path}`, { method });
  return {
    get: (path: string) => call('GET', path),
    head: (path: string) => call('HEAD', path),
    del: (path: string) => call('DELETE', path),
    post: (path: string) => call('POST', path),
    async tags(name: string): Promise<string[]> {
      return (jsonOf(await call('GET', `${name}/tags/list`)) as { tags: string[] }).tags;
    },
  };
}

describe('deletes', () => {
  let registry: TestRegistry;
  let image: Image;
  before(async () => {
    registry = await startRegistry({ promotion: false, delete: true });
  });
  after(() => registry[Symbol.asyncDispose]());
  beforeEach(async () => {
    image = await pushImage(registry.url, 'hello', '1');
  });

  async function tagIt(tag: string, bytes = image.bytes): Promise<void> {
    expect((await putManifest(registry.url, 'hello', tag, bytes, MEDIA_TYPES.image)).status).to.equal(201);
  }

  it('of a tag take that tag, and leave its manifest and the others', async () => {
    const { del, get, tags } = requests(registry);
    await tagIt('2');
    expect((await get('hello/manifests/2')).status).to.equal(200);
    const gone = await del('hello/manifests/2');
    expect([gone.status, gone.body.length]).to.deep.equal([202, 0]);
    expectError(await get('hello/manifests/2'), 404, 'MANIFEST_UNKNOWN');
    for (const reference of ['1', image.digest])
      expect((await get(`hello/manifests/${reference}`)).body.equals(image.bytes)).to.equal(true);
    expect(await tags('hello')).not.to.include('2');
    expectError(await del('hello/manifests/2'), 404, 'MANIFEST_UNKNOWN');
  });

  it('of a manifest take it and every tag that names it, and no other', async () => {
    const { del, get, head, tags } = requests(registry);
    for (const tag of ['2', '3']) await tagIt(tag);
    const other = await pushImage(registry.url, 'hello', 'other');
    for (const reference of ['1', '2', '3', image.digest])
      expect((await get(`hello/manifests/${reference}`)).status).to.equal(200);
    expect((await del(`hello/manifests/${image.digest}`)).status).to.equal(202);
    for (const reference of ['1', '2', '3', image.digest])
      expect((await head(`hello/manifests/${reference}`)).status, reference).to.equal(404);
    expect(await tags('hello'))
      .to.include('other')
      .and.not.include.members(['1', '2', '3']);
    expect((await get(`hello/manifests/${other.digest}`)).status).to.equal(200);
    expect((await get(`hello/blobs/${image.layers[0]?.digest}`)).status).to.equal(200);
    expectError(await del(`hello/manifests/${image.digest}`), 404, 'MANIFEST_UNKNOWN');
    await tagIt('1');
    expect((await get('hello/manifests/1')).status).to.equal(200);
  });

  it('of a manifest in one repository leave it in another', async () => {
    const { del, get } = requests(registry);
    await pushIndex(registry.url, 'mine', '1', []);
    const index = await pushIndex(registry.url, 'yours', '1', []);
    await del(`mine/manifests/${index.digest}`);
    expect((await get('mine/manifests/1')).status).to.equal(404);
    expect((await get('yours/manifests/1')).status).to.equal(200);
  });

  it('of an index leave what it lists, and of what it lists leave the index', async () => {
    const { del, get } = requests(registry);
    const index = await pushIndex(registry.url, 'hello', 'index', [image]);
    await del(`hello/manifests/${image.digest}`);
    expect((await get('hello/manifests/index')).body.equals(index.bytes)).to.equal(true);
    await tagIt('1');
    await del(`hello/manifests/${index.digest}`);
    expect((await get('hello/manifests/1')).status).to.equal(200);
  });

  it('of a blob take it from this repository at once', async () => {
    const { del, get, head, post } = requests(registry);
    const digest = image.layers[0]?.digest ?? '';
    expect((await post(`mounted/blobs/uploads/?mount=${digest}&from=hello`)).status).to.equal(201);
    for (const name of ['hello', 'mounted'])
      expect((await get(`${name}/blobs/${digest}`)).status).to.equal(200);
    expect((await del(`hello/blobs/${digest}`)).status).to.equal(202);
    expect((await head(`hello/blobs/${digest}`)).status).to.equal(404);
    expect((await get(`mounted/blobs/${digest}`)).status).to.equal(200);
    expectError(await del(`hello/blobs/${digest}`), 404, 'BLOB_UNKNOWN');
    const again = await putManifest(registry.url, 'hello', '9', image.bytes, MEDIA_TYPES.image);
    expectError(again, 400, 'MANIFEST_BLOB_UNKNOWN');
  });

  it('of what is not there, or is no name of anything, say so', async () => {
    const { del } = requests(registry);
    const nothing = sha256(newBytes());
    expectError(await del(`hello/manifests/${nothing}`), 404, 'MANIFEST_UNKNOWN');
    expectError(await del(`hello/blobs/${nothing}`), 404, 'BLOB_UNKNOWN');
    expectError(await del(`nobody/blobs/${nothing}`), 404, 'BLOB_UNKNOWN');
    expectError(await del('hello/manifests/.x'), 400, 'TAG_INVALID');
    expectError(await del('hello/manifests/sha256:x'), 400, 'DIGEST_INVALID');
    expectError(await del('hello/blobs/sha256:x'), 400, 'DIGEST_INVALID');
    expectError(await del('HELLO/manifests/1'), 400, 'NAME_INVALID');
  });
});

describe('deletes that are not allowed', () => {
  it('are 405 for everything unless the operator allows them, and change nothing', async () => {
    await using registry = await startRegistry({ promotion: false });
    const { del, get } = requests(registry);
    const image = await pushImage(registry.url, 'hello', '1');
    for (const path of [
      'hello/manifests/1',
      `hello/manifests/${image.digest}`,
      `hello/blobs/${image.config.digest}`,
    ]) {
      expectError(await del(path), 405, 'UNSUPPORTED');
      expect((await get(path)).status, path).to.equal(200);
    }
  });

  it('are DENIED where only promotions write, and allowed among candidates', async () => {
    await using registry = await startRegistry({ delete: true });
    const { del, get } = requests(registry);
    const image = await pushImage(registry.url, 'candidate/hello', '1');
    await registry.cli(['promote', 'candidate/hello:1', 'hello:1']);
    for (const path of ['manifests/1', `manifests/${image.digest}`, `blobs/${image.config.digest}`]) {
      expectError(await del(`hello/${path}`), 403, 'DENIED');
      expect((await get(`hello/${path}`)).status, path).to.equal(200);
    }
    expect((await del('candidate/hello/manifests/1')).status).to.equal(202);
    expect((await get('hello/manifests/1')).status).to.equal(200);
  });
});

/**
 * Promise: writes can be stopped on every node while they run, and pulls do not notice; who pushes is told why, and to
 * come again.
 */
import { expect } from 'chai';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { filesBelow } from './on-disk.ts';
import { pushBlob, pushImage, putManifest } from './pushing.ts';
import { expectError, jsonOf, send } from './wire.ts';

describe('a registry that is read-only', () => {
  describe('for now, by the switch in the store', () => {
    let registry: TestRegistry;
    let node: TestRegistry;
    before(async () => {
      registry = await startRegistry({ delete: true });
      // A second node over the same store, which nobody talks to.
      node = await startRegistry({ command: 'api', rootDirectory: registry.rootDirectory, delete: true });
    });
    after(async () => {
      await node?.[Symbol.asyncDispose]();
      await registry?.[Symbol.asyncDispose]();
    });

    it('refuses what was let in before, and whose body comes after', async () => {
      const name = 'candidate/slow';
      const image = await pushImage(registry.url, name, '1');
      const blob = newBytes();
      const begun = await send(registry.url, `/v2/${name}/blobs/uploads/`, { method: 'POST' });
      const upload = new URL(begun.headers.location ?? '', registry.url);
      const isOff = Promise.withResolvers<void>();
      async function* held(bytes: Buffer): AsyncGenerator<Buffer> {
        yield bytes.subarray(0, 50);
        await isOff.promise;
        yield bytes.subarray(50);
      }
      const headers = { 'content-type': image.mediaType };
      const manifest = send(registry.url, `/v2/${name}/manifests/2`, {
        ...{ method: 'PUT', headers, body: held(image.bytes) },
      });
      const closing = send(registry.url, `${upload.pathname}?digest=${sha256(blob)}`, {
        ...{ method: 'PUT', body: held(blob) },
      });
      // Both are at work: what they have sent so far was let in.
      await eventually('the upload has begun to grow', async () =>
        (await filesBelow(registry.rootDirectory)).some((path) => path.includes('/.tmp/')),
      );
      await registry.offline(['read-only', 'on']);
      isOff.resolve();
      expectError(await manifest, 503, 'UNAVAILABLE');
      expectError(await closing, 503, 'UNAVAILABLE');
      await registry.offline(['read-only', 'off']);
      expect((await send(registry.url, `/v2/${name}/manifests/2`)).status).to.equal(404);
      const head = await send(registry.url, `/v2/${name}/blobs/${sha256(blob)}`, { method: 'HEAD' });
      expect(head.status).to.equal(404);
      const takesWrites = async () =>
        (await putManifest(registry.url, name, '2', image.bytes, image.mediaType)).status === 201;
      await eventually('writes are allowed again', takesWrites);
    });

    it('answers every write with 503 and the reason, on every node, and pulls as before', async () => {
      const image = await pushImage(registry.url, 'candidate/hello', '1');
      const status = () => registry.offline(['read-only', 'status'], { allowFailure: true });
      expect((await status()).code).to.equal(0);
      await registry.offline(['read-only', 'on', '--reason', 'moving house']);
      expect(await status()).to.deep.include({ code: 2 });
      expect((await status()).stdout).to.match(/by .*: moving house$/m);
      const at = '/v2/candidate/hello';
      for (const { url } of [registry, node])
        for (const [method, path] of [
          ['POST', `${at}/blobs/uploads/`],
          ['PATCH', `${at}/blobs/uploads/${crypto.randomUUID()}`],
          ['PUT', `${at}/manifests/2`],
          ['DELETE', `${at}/manifests/1`],
          ['DELETE', `${at}/blobs/${image.config.digest}`],
        ] as const) {
          const answer = await send(url, path, { method });
          expectError(answer, 503, 'UNAVAILABLE');
          expect(answer.body.toString()).to.include('moving house');
          expect(Number(answer.headers['retry-after'])).to.be.within(1, 120);
        }
      expectError(await promote(registry.url, 'candidate/hello:1', 'hello:1'), 503, 'UNAVAILABLE');
      const dry = await promote(registry.url, 'candidate/hello:1', 'hello:1', { dryRun: true });
      expect(dry.lines.at(-1)).to.deep.equal({ event: 'done', outcome: 'dry-run' });
      for (const { url } of [registry, node])
        expect((await send(url, `${at}/manifests/1`)).body.equals(image.bytes)).to.equal(true);
    });

    it('takes writes again as soon as the switch is lifted', async () => {
      await registry.offline(['read-only', 'off']);
      for (const { url } of [registry, node]) {
        const isTaken = async () =>
          (await send(url, '/v2/candidate/hello/blobs/uploads/', { method: 'POST' })).status === 202;
        await eventually('writes are taken', isTaken);
      }
    });
  });

  it('for good, by its configuration, answers writes with 405', async () => {
    await using writable = await startRegistry({ promotion: false });
    const image = await pushImage(writable.url, 'hello', '1');
    await using registry = await startRegistry({
      ...{ promotion: false, rootDirectory: writable.rootDirectory },
      config: (config) => ({
        ...config,
        storage: { ...(config['storage'] as object), maintenance: { readonly: { enabled: true } } },
      }),
    });
    expectError(await send(registry.url, '/v2/hello/blobs/uploads/', { method: 'POST' }), 405, 'UNSUPPORTED');
    expectError(await putManifest(registry.url, 'hello', '2', image.bytes), 405, 'UNSUPPORTED');
    expect(jsonOf(await send(registry.url, '/v2/hello/tags/list'))).to.deep.include({ tags: ['1'] });
    // The other one goes on.
    await pushBlob(writable.url, 'hello', newBytes());
  });
});

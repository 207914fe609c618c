/**
 * Promise: clients fetch large blobs from the object store itself, by a URL that is good for a while, unless that is
 * switched off or would take them where they get nothing; manifests and small blobs come from the node.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { pushBlob } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { Skopeo } from '../support/clients/skopeo.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { makeImageLayout } from '../support/image-layout.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { startRedis } from '../support/redis.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type DefineSuite, nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, startSwift } from '../support/swift.ts';
import { tempDir } from '../support/temp.ts';

const LARGE_BYTES = 300_000;

interface Backend extends AsyncDisposable {
  /** A `storage` section. */
  readonly storage: Readonly<Record<string, unknown>>;
  /** The host that clients are to be sent to: not the one by which the node reaches the store. */
  readonly publicHost: string;
  /** Where Redis is, for a store that needs one. */
  readonly redis?: string;
}

function describeRedirects(define: DefineSuite, name: string, open: () => Promise<Backend>): void {
  define(`redirects into ${name}`, function () {
    this.timeout(120_000);
    const held = new AsyncDisposableStack();
    let backend: Backend;
    let node: TestRegistry;
    const start = async (http: Readonly<Record<string, unknown>> = {}, redirect = {}) =>
      held.use(
        await startRegistry({
          ...{ command: 'api', promotion: false },
          config: (config) => ({
            ...{ ...config, auth: 'none' },
            storage: { ...backend.storage, redirect },
            ...(backend.redis && { redis: { addr: backend.redis } }),
            http: { ...(config['http'] as object), ...http },
          }),
        }),
      );
    before(async () => {
      backend = held.use(await open());
      node = await start();
    });
    after(() => held.disposeAsync());

    it('give the bytes, whole and in ranges, to a client without credentials', async () => {
      const bytes = newBytes(LARGE_BYTES);
      const { digest } = await pushBlob(node.url, 'large', bytes);
      const answer = await send(node.url, `/v2/large/blobs/${digest}`);
      expect(answer.status).to.equal(302);
      expect(answer.headers['docker-content-digest']).to.equal(digest);
      expect(answer.headers['cache-control']).to.equal('no-store');
      expect(answer.headers['roadstead-decision']).to.equal('store; reason=no-mirrors');
      const url = new URL(answer.headers.location ?? '');
      expect(url.host).to.equal(backend.publicHost);
      const whole = await fetch(url);
      expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).to.equal(true);
      const part = await fetch(url, { headers: { range: 'bytes=100-' } });
      expect(part.status).to.equal(206);
      expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(100))).to.equal(true);
    });

    it('are not for small blobs, nor for questions about one', async () => {
      const small = await pushBlob(node.url, 'small', newBytes(1000));
      expect((await send(node.url, `/v2/small/blobs/${small.digest}`)).status).to.equal(200);
      const large = await pushBlob(node.url, 'small', newBytes(LARGE_BYTES));
      const head = await send(node.url, `/v2/small/blobs/${large.digest}`, { method: 'HEAD' });
      expect(head.status).to.equal(200);
      expect(head.headers['content-length']).to.equal(String(LARGE_BYTES));
    });

    it('are followed by skopeo', async () => {
      await using home = await tempDir('redirects');
      await using skopeo = await Skopeo.open();
      const layout = await makeImageLayout(join(home.path, 'image'), { layerSizesMib: [1, 3] });
      await skopeo.copyAll(layout.directory, 'multi', `${node.host}/hello:1`);
      await skopeo.copyToDir(`${node.host}/hello:1`, join(home.path, 'pulled'), { all: true });
      const blobs = (await readdir(join(home.path, 'pulled'))).filter((file) => /^[0-9a-f]{64}$/.test(file));
      for (const file of blobs)
        expect(sha256(await readFile(join(home.path, 'pulled', file)))).to.equal(`sha256:${file}`);
      const redirects = () => node.log().filter(({ decision }) => decision === 'store');
      await eventually('redirects are logged', () => redirects().length > 1);
    });

    it('are not for those whose credentials would go along', async () => {
      const { digest } = await pushBlob(node.url, 'credentials', newBytes(LARGE_BYTES));
      const { hostname } = new URL(`http://${backend.publicHost}`);
      const asked = (host: string, authorization: boolean) =>
        send(node.url, `/v2/credentials/blobs/${digest}`, {
          headers: { host, ...(authorization && { authorization: 'Bearer x' }) },
        });
      expect((await asked(`${hostname}:5000`, true)).status, 'the same name').to.equal(200);
      expect((await asked(`${hostname}:5000`, false)).status, 'no credentials').to.equal(302);
    });

    it('do not send others to the loopback of this machine', async () => {
      const behind = await start({ trustedproxies: ['127.0.0.0/8'] });
      const { digest } = await pushBlob(behind.url, 'far', newBytes(LARGE_BYTES));
      const from = (address: string) =>
        send(behind.url, `/v2/far/blobs/${digest}`, { headers: { 'x-forwarded-for': address } });
      expect((await from('198.51.100.7')).status).to.equal(200);
      expect((await from('127.0.0.1')).status).to.equal(302);
    });

    it('are switched off by storage.redirect.disable', async () => {
      const serving = await start({}, { disable: true });
      const { digest } = await pushBlob(serving.url, 'off', newBytes(LARGE_BYTES));
      const answer = await send(serving.url, `/v2/off/blobs/${digest}`);
      expect(answer.status).to.equal(200);
      expect(answer.body.length).to.equal(LARGE_BYTES);
    });
  });
}

describeRedirects(requires([...RADOSGW_PROGRAMS, 'skopeo']), 'S3', async () => {
  const radosgw = await startRadosgw();
  const { bucket } = await radosgw.newBucket();
  const { port } = new URL(radosgw.endpoint);
  return {
    storage: {
      s3: {
        ...{ region: 'us-east-1', regionendpoint: radosgw.endpoint, bucket },
        ...{ accesskey: 'testaccess', secretkey: 'testsecret' },
        redirectendpoint: `http://localhost:${port}`,
      },
    },
    publicHost: `localhost:${port}`,
    [Symbol.asyncDispose]: () => radosgw[Symbol.asyncDispose](),
  };
});

describeRedirects(nightly(requires([...SWIFT_PROGRAMS, 'skopeo', 'redis-server'])), 'Swift', async () => {
  await using held = new AsyncDisposableStack();
  const swift = held.use(await startSwift());
  const redis = held.use(await startRedis());
  const { authUrl: authurl, user: username, key: password } = swift;
  const { port } = new URL(authurl);
  const all = held.move();
  return {
    storage: {
      swift: {
        ...{ authurl, authversion: 1, username, password, container: 'images' },
        ...{ secretkey: 'signs-urls', publicendpoint: `http://localhost:${port}` },
      },
    },
    redis: redis.address,
    publicHost: `localhost:${port}`,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
});

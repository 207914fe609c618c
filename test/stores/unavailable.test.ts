/**
 * Promise: when the store cannot be reached, fails or refuses, clients hear 503 and when to come back, and nothing of what
 * the store is called or where it is; the log has it all.
 */
import { expect } from 'chai';
import { pushImage } from '../protocol/pushing.ts';
import { type Answer, expectError, type Sent, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type Image, MEDIA_TYPES } from '../support/image.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type DefineSuite, nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, startSwift } from '../support/swift.ts';
import { errorBody } from './s3-world.ts';
import { startRelay } from './swift-relay.ts';

interface Backend extends AsyncDisposable {
  /** What every request to the store passes. */
  readonly proxy: FaultProxy;
  /** A `storage` section. */
  readonly storage: Readonly<Record<string, unknown>>;
  /** Where the store needs one. */
  readonly redis?: RedisServer;
  /** What no client may hear. */
  readonly secrets: readonly string[];
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'cannot be reached': { kind: 'reset' },
  fails: { kind: 'answer', status: 500, body: errorBody('InternalError') },
  'asks for patience': { kind: 'answer', status: 503, body: errorBody('SlowDown') },
  refuses: { kind: 'answer', status: 403, body: errorBody('AccessDenied') },
  'does not know us': { kind: 'answer', status: 401, body: errorBody('InvalidAccessKeyId') },
};

interface Kind {
  readonly name: string;
  /** It cannot decide by itself who creates an object. */
  readonly needsLocks: boolean;
}

function describeUnavailable(
  define: DefineSuite,
  { name, needsLocks }: Kind,
  open: () => Promise<Backend>,
): void {
  define(`a registry over ${name}`, function () {
    this.timeout(120_000);
    const held = new AsyncDisposableStack();
    let backend: Backend;
    /** One that remembers nothing of what the tests ask for. */
    let node: TestRegistry;
    let image: Image;
    let session: string;
    const start = async () =>
      held.use(
        await startRegistry({
          ...{ command: 'api', promotion: false },
          config: (config) => ({
            ...config,
            storage: { ...backend.storage, delete: { enabled: true }, redirect: { disable: true } },
            ...(backend.redis && { redis: { addr: backend.redis.address } }),
          }),
        }),
      );
    before(async () => {
      backend = held.use(await open());
      const { url } = await start();
      image = await pushImage(url, 'a', '1', [newBytes(200_000)]);
      const begun = await send(url, '/v2/a/blobs/uploads/', { method: 'POST' });
      session = (begun.headers.location ?? '').replace(/^https?:\/\/[^/]*/, '');
      node = await start();
    });
    after(() => held.disposeAsync());
    afterEach(() => {
      backend.proxy.rule = () => undefined;
    });

    const expectUnavailable = async (answer: Answer, what: string) => {
      expect(answer.status, what).to.equal(503);
      expect(Number(answer.headers['retry-after']), what).to.be.within(1, 60);
      if (!what.startsWith('HEAD')) expectError(answer, 503, 'UNAVAILABLE');
      const told = JSON.stringify(answer.headers) + answer.body.toString();
      for (const secret of backend.secrets) expect(told, what).to.not.include(secret);
      const logged = () =>
        JSON.stringify(node.log().filter((line) => line['requestId'] === answer.headers['x-request-id']));
      await eventually(
        () => `${what} in the log, which has ${logged()}`,
        () => /"stack":.*(S3|Swift)/i.test(logged()),
        15_000,
      );
    };

    for (const [what, fault] of Object.entries(FAULTS))
      it(`that ${what} says so in every answer`, async () => {
        backend.proxy.rule = () => fault;
        await Promise.all(
          requests(image, session).map(async ([method, path, sent]) =>
            expectUnavailable(await send(node.url, path, { method, ...sent }), `${method} ${path}`),
          ),
        );
        backend.proxy.rule = () => undefined;
        // Nothing that was asked for before: the node is to remember nothing.
        expect((await send(node.url, '/v2/a/tags/list?n=1')).status).to.equal(200);
      });

    it('whose answers break off before their first byte says so, too', async () => {
      backend.proxy.rule = ({ method }) => (method === 'GET' ? { kind: 'truncate', bytes: 0 } : undefined);
      for (const path of [`/v2/a/manifests/${image.digest}`, `/v2/a/blobs/${image.layers[0]?.digest}`])
        await expectUnavailable(await send(node.url, path), `GET ${path}`);
    });

    it('that has no room says so', async () => {
      backend.proxy.rule = ({ method }) =>
        method === 'PUT' || method === 'POST' ? { kind: 'answer', status: 507 } : undefined;
      const answer = await send(node.url, '/v2/a/blobs/uploads/', { method: 'POST' });
      expect(expectError(answer, 503, 'UNAVAILABLE').message).to.include('full');
    });

    if (!needsLocks) return;
    it('whose locks are not to be had says so', async () => {
      await backend.redis?.signal('SIGKILL');
      await expectUnavailable(
        await send(node.url, session, { method: 'PATCH', body: newBytes(10) }),
        `PATCH ${session}`,
      );
      await backend.redis?.start();
    });
  });
}

type Asked = readonly [method: string, path: string, sent?: Sent];

/** One of everything that asks the store for something. */
function requests(image: Image, session: string): Asked[] {
  const body = newBytes(10);
  const digest = sha256(body);
  const close = `${session}${session.includes('?') ? '&' : '?'}digest=${digest}`;
  const reads = [
    'manifests/1',
    `manifests/${image.digest}`,
    'manifests/unknown',
    `blobs/${image.layers[0]?.digest}`,
  ];
  return [
    ...reads.flatMap((path): Asked[] => [
      ['GET', `/v2/a/${path}`],
      ['HEAD', `/v2/a/${path}`],
    ]),
    ['GET', '/v2/a/tags/list'],
    ['GET', '/v2/_catalog'],
    ['GET', `/v2/a/referrers/${image.digest}`],
    ['POST', '/v2/a/blobs/uploads/'],
    ['POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body }],
    ['GET', session],
    ['PATCH', session, { body }],
    ['PUT', close, { body }],
    ['PUT', '/v2/a/manifests/2', { body: image.bytes, headers: { 'content-type': MEDIA_TYPES.image } }],
    ['DELETE', `/v2/a/manifests/${image.digest}`],
    ['DELETE', `/v2/a/blobs/${image.layers[0]?.digest}`],
  ];
}

describeUnavailable(requires(RADOSGW_PROGRAMS), { name: 'S3', needsLocks: false }, async () => {
  await using cleanUp = new AsyncDisposableStack();
  const radosgw = cleanUp.use(await startRadosgw());
  const proxy = cleanUp.use(await startFaultProxy(radosgw.endpoint));
  const { bucket } = await radosgw.newBucket();
  const { accessKey: accesskey, secretKey: secretkey } = radosgw.credentials;
  const held = cleanUp.move();
  return {
    proxy,
    storage: {
      s3: { region: 'us-east-1', regionendpoint: proxy.endpoint, bucket, accesskey, secretkey },
    },
    secrets: [bucket, new URL(proxy.endpoint).host, accesskey, secretkey],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
});

const swiftSuite = nightly(requires([...SWIFT_PROGRAMS, 'redis-server']));
describeUnavailable(swiftSuite, { name: 'Swift', needsLocks: true }, async () => {
  await using cleanUp = new AsyncDisposableStack();
  const swift = cleanUp.use(await startSwift());
  const relay = cleanUp.use(await startRelay(swift.url));
  const proxy = cleanUp.use(await startFaultProxy(relay.url));
  const redis = cleanUp.use(await startRedis());
  const { user: username, key: password } = swift;
  const container = 'a-container-of-images';
  const held = cleanUp.move();
  return {
    ...{ proxy, redis },
    storage: {
      swift: { authurl: `${proxy.endpoint}/auth/v1.0`, authversion: 1, username, password, container },
    },
    secrets: [container, new URL(proxy.endpoint).host, swift.url, username, password],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
});

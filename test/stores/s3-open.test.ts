/** Promise: a store that cannot work is told at the start, by the key to look at; URLs for clients are signed for them. */

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { MemoryLocks } from '../../services/memory/locks.ts';
import type { Locks } from '../../services/registry/storage/locks.ts';
import { StoreFullError } from '../../services/registry/storage/object-store.ts';
import type { S3Options } from '../../services/stores/s3/options.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { Area, rejection } from '../contract/area.ts';
import { describeRacing } from '../contract/racing.ts';
import { eventually } from '../support/eventually.ts';
import type { SeenRequest } from '../support/fault-proxy.ts';
import { freePort } from '../support/ports.ts';
import { RADOSGW_PROGRAMS } from '../support/radosgw.ts';
import { nightly, requires } from '../support/requirements.ts';
import { errorBody, type S3World, startS3World } from './s3-world.ts';

nightly(requires(RADOSGW_PROGRAMS))('opening S3', function () {
  this.timeout(60_000);
  let world: S3World;
  before(async () => {
    world = await startS3World();
  });
  after(() => world[Symbol.asyncDispose]());
  afterEach(() => {
    world.proxy.rule = () => undefined;
  });

  const credentials = { accessKey: 'testaccess', secretKey: 'testsecret' };
  const cases: [
    what: string,
    options: () => Promise<Partial<S3Options>> | Partial<S3Options>,
    message: RegExp,
  ][] = [
    [
      'a bucket that is not there',
      () => ({ bucket: 'absent' }),
      /^storage\.s3\.bucket = absent: there is no such bucket/,
    ],
    [
      'an unknown access key',
      () => ({ credentials: { ...credentials, accessKey: 'hunter2' } }),
      /storage\.s3\.accesskey/,
    ],
    [
      'a wrong secret key',
      () => ({ credentials: { ...credentials, secretKey: 'hunter2' } }),
      /storage\.s3\.secretkey/,
    ],
    [
      'nobody there',
      async () => ({ endpoint: `http://127.0.0.1:${await freePort()}` }),
      /^storage\.s3\.regionendpoint = http:.*the server is not reached: .*ECONNREFUSED/,
    ],
  ];
  for (const [what, options, message] of cases)
    it(`reports ${what}, by the key, without secrets`, async () => {
      const opening = S3Store.open({ ...world.options, ...(await options()) });
      const error = (await rejection(opening)) as Error;
      expect(error.message).to.match(message);
      for (let each: unknown = error; each instanceof Error; each = each.cause)
        expect(JSON.stringify({ ...each }) + each.stack).not.to.match(/testsecret|hunter2|testaccess/);
    });

  const isConditional = ({ headers }: SeenRequest) => headers['if-none-match'] !== undefined;
  const without: [string, (request: SeenRequest) => ReturnType<S3World['proxy']['rule']>][] = [
    [
      'refuses',
      (seen) =>
        isConditional(seen) ? { kind: 'answer', status: 501, body: errorBody('NotImplemented') } : undefined,
    ],
    ['ignores', (seen) => (isConditional(seen) ? { kind: 'answer', status: 200 } : undefined)],
  ];
  for (const [how, rule] of without)
    describe(`at a server that ${how} conditions`, () => {
      beforeEach(() => {
        world.proxy.rule = rule;
      });

      it('is refused without locks', async () => {
        const error = await rejection(S3Store.open({ ...world.options, endpoint: world.proxy.endpoint }));
        expect(String(error)).to.match(/storage\.s3\.regionendpoint = .*conditional create.*Redis/);
      });
    });

  describe('with locks in their place', () => {
    let area: Area;
    beforeEach(async () => {
      world.proxy.rule = (seen) => without[0]?.[1](seen);
      const options = { ...world.options, endpoint: world.proxy.endpoint, locks: new MemoryLocks() };
      area = new Area(await S3Store.open(options));
    });
    afterEach(() => area.store[Symbol.asyncDispose]());
    describeRacing(() => area);

    it('does not acknowledge what it wrote when the lock was lost during the write', async () => {
      const lost = new AbortController();
      const locks: Locks = {
        async withLock(_name, act) {
          return act(lost.signal);
        },
      };
      await using store = await S3Store.open({ ...world.options, endpoint: world.proxy.endpoint, locks });
      const { rule } = world.proxy;
      world.proxy.rule = (seen) => {
        if (seen.method === 'PUT') lost.abort(new Error('the lock was lost'));
        return rule(seen);
      };
      const error = await rejection(store.putIfAbsent(area.key('locked'), Buffer.from('x')));
      expect(String(error)).to.include('the lock was lost');
    });
  });

  it('leaves no probe behind', async () => {
    const page = await world.truth.list({ prefix: 'roadstead/', limit: 10 });
    expect(page).to.deep.equal({ keys: [], prefixes: [], next: undefined });
  });

  describe('a URL for clients', () => {
    const PUBLIC = 'http://images.example.net:9000';
    /** As a client would that reaches the server by its public name. */
    const fetchAs = async (url: URL) => {
      const { hostname, port } = new URL(world.radosgw.endpoint);
      const path = url.pathname + url.search;
      const outgoing = request({ hostname, port, path, headers: { host: url.host } }).end();
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      return { status: answer.statusCode, body: await buffer(answer) };
    };

    it('is that of the public endpoint, good for one object and for a while', async () => {
      await using store = await S3Store.open({
        ...world.options,
        publicEndpoint: PUBLIC,
        rootDirectory: 'a root',
      });
      const content = Buffer.from('for everyone');
      await store.put('some/key+&', content);
      const url = new URL((await store.urlOf('some/key+&', 300)) ?? '');
      expect(url.origin).to.equal(PUBLIC);
      expect(url.searchParams.get('X-Amz-Expires')).to.equal('300');
      expect(url.href).not.to.include('testsecret');
      expect(await fetchAs(url)).to.deep.equal({ status: 200, body: content });
      const other = new URL(url);
      other.pathname = other.pathname.replace('some', 'others');
      expect(await fetchAs(other)).to.have.property('status', 403);
      const short = new URL((await store.urlOf('some/key+&', 1)) ?? '');
      await eventually('it ends', async () => (await fetchAs(short)).status === 403, 2500, 100);
    });
  });

  it('reports a quota as a store that is full', async () => {
    const { admin } = world.radosgw;
    const quota = ['--uid=test', '--quota-scope=user'];
    await admin('quota', 'set', ...quota, '--max-size=1000');
    await admin('quota', 'enable', ...quota);
    try {
      const error = await rejection(world.truth.put('too/much', Buffer.alloc(100_000)));
      expect(error).to.be.instanceOf(StoreFullError);
    } finally {
      await admin('quota', 'disable', ...quota);
    }
  });
});

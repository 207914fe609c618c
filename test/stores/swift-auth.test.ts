/** Promise: the Swift driver logs in however operators do, renews its tokens, and says what is wrong without secrets. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { SwiftCredentials, SwiftOptions } from '../../services/stores/swift/options.ts';
import { SwiftStore } from '../../services/stores/swift/swift-store.ts';
import { rejection } from '../contract/area.ts';
import {
  KEYSTONE_PROGRAMS,
  type Keystone,
  MIGRATION_TIMEOUT_MS,
  SERVICE_PASSWORD,
  startKeystone,
} from '../support/keystone.ts';
import { freePort } from '../support/ports.ts';
import { nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, type Swift, startSwift } from '../support/swift.ts';
import { openSwiftStore, swiftOptions } from './swift-world.ts';

/** Writes and reads an object by these options. */
async function works(options: SwiftOptions): Promise<void> {
  await using store = await SwiftStore.open(options);
  await store.put('a/key', Buffer.from('content'));
  expect((await store.read('a/key', 100))?.toString()).to.equal('content');
}

/** All that an error says, with its causes. */
function everything(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.message} ${error.stack} ${JSON.stringify(error)} ${everything(error.cause)}`;
}

nightly(requires(SWIFT_PROGRAMS))('Swift with TempAuth', function () {
  this.timeout(60_000);
  let swift: Swift;
  before(async () => {
    swift = await startSwift({ tokenLifeSeconds: 3 });
  });
  after(() => swift[Symbol.asyncDispose]());

  it('makes the container, and finds it the next time', async () => {
    const options = swiftOptions(swift);
    await works(options);
    await works(options);
  });

  it('uses a configured storage URL instead of the one in the answer', () =>
    works(swiftOptions(swift, { storageUrl: `${swift.url}/v1/AUTH_test/` })));

  it('continues after its token has ended', async () => {
    await using store = await openSwiftStore(swift);
    await store.put('key', Buffer.from('content'));
    await sleep(4000);
    expect(await store.read('key', 100)).to.have.length(7);
    const large = async function* () {
      for (let i = 0; i < 3; i++) yield Buffer.alloc(1024 * 1024, i);
    };
    await sleep(4000);
    await store.put('large', large());
    expect((await store.stat('large'))?.sizeBytes).to.equal(3 * 1024 * 1024);
  });

  it('logs in again when its token is refused, once for all who wait', async () => {
    await using store = await openSwiftStore(swift);
    await store.put('key', Buffer.from('content'));
    await swift.forgetTokens();
    const reads = await Promise.all(Array.from({ length: 30 }, () => store.read('key', 100)));
    expect(reads.every((bytes) => bytes?.toString() === 'content')).to.equal(true);
  });

  it('says that it cannot log in, and not with which password', async () => {
    const credentials = { authUrl: swift.authUrl, username: swift.user, password: 'wrong-and-secret' };
    const error = await rejection(SwiftStore.open(swiftOptions(swift, { credentials })));
    expect(everything(error)).to.include('cannot log in to Swift').and.not.include('wrong-and-secret');
  });

  it('says that a user may not use the container', async () => {
    const credentials = {
      authUrl: swift.authUrl,
      username: swift.stranger.user,
      password: swift.stranger.key,
    };
    const error = await rejection(SwiftStore.open(swiftOptions(swift, { credentials })));
    expect(everything(error)).to.include('this user may neither read nor make').and.not.include('AUTH_tk');
  });

  it('refuses to open without locks, with an unknown kind of log-in, and with a tiny segment size', async () => {
    const refusals: [Partial<SwiftOptions>, string][] = [
      [{ locks: undefined }, 'Redis'],
      [{ credentials: { authUrl: `${swift.url}/v2.0`, username: 'a', password: 'b' } }, 'authversion'],
      [{ chunkSizeBytes: 1000 }, 'segments'],
      [{ container: 'a/b' }, 'container'],
    ];
    for (const [wrong, word] of refusals) {
      const error = await rejection((async () => SwiftStore.open(swiftOptions(swift, wrong)))());
      expect(everything(error)).to.include(word);
    }
  });
});

nightly(requires([...SWIFT_PROGRAMS, ...KEYSTONE_PROGRAMS]))('Swift with Keystone', function () {
  this.timeout(120_000);
  let keystone: Keystone;
  let swift: Swift;
  before(async function () {
    this.timeout(MIGRATION_TIMEOUT_MS + 120_000);
    const port = await freePort();
    keystone = await startKeystone({ swiftUrl: `http://127.0.0.1:${port}`, tokenLifeSeconds: 6 });
    swift = await startSwift({
      port,
      keystone: { url: keystone.url, servicePassword: SERVICE_PASSWORD },
    });
  });
  after(async () => {
    await swift?.[Symbol.asyncDispose]();
    await keystone?.[Symbol.asyncDispose]();
  });

  const options = (credentials: Partial<SwiftCredentials>, rest: Partial<SwiftOptions> = {}) =>
    swiftOptions(swift, {
      region: 'RegionOne',
      credentials: { authUrl: keystone.authUrl, ...credentials },
      ...rest,
    });
  const password = () => ({ username: keystone.user.name, password: keystone.user.password });

  for (const [domain, tenantDomain] of [
    [undefined, undefined],
    [{ name: 'Default' }, { id: 'default' }],
    [{ id: 'default' }, { name: 'Default' }],
  ] as const)
    it(`takes a password, with the domains ${JSON.stringify([domain, tenantDomain])}`, async () => {
      for (const tenant of [{ name: keystone.project.name }, { id: keystone.project.id }])
        await works(options({ ...password(), tenant, domain, tenantDomain }));
    });

  it('takes an application credential by id, and by name', async () => {
    const token = await keystone.userToken();
    const made = await keystone.request(
      'POST',
      `/users/${keystone.user.id}/application_credentials`,
      { application_credential: { name: 'registry', roles: [{ name: 'swiftoperator' }] } },
      token,
    );
    const { id, secret } = made.body['application_credential'] as { id: string; secret: string };
    await works(options({ applicationCredential: { id, secret } }));
    await works(
      options({ applicationCredential: { name: 'registry', secret }, username: keystone.user.name }),
    );
  });

  it('acts by a trust', async () => {
    const made = await keystone.request(
      'POST',
      '/OS-TRUST/trusts',
      {
        trust: {
          trustor_user_id: keystone.user.id,
          trustee_user_id: keystone.other.id,
          project_id: keystone.project.id,
          impersonation: true,
          roles: [{ name: 'swiftoperator' }],
        },
      },
      await keystone.userToken(),
    );
    const trustId = made.body['trust']?.['id'] as string;
    await works(options({ username: keystone.other.name, password: keystone.other.password, trustId }));
  });

  it('finds the endpoint by region and interface, and says what there is where there is none', async () => {
    const inProject = { ...password(), tenant: { name: keystone.project.name } };
    await works(options(inProject, { endpointType: 'internal' }));
    const refused = await rejection(SwiftStore.open(options(inProject, { region: 'Nowhere' })));
    expect(everything(refused)).to.include('no public endpoint').and.include('internal in RegionOne');
  });

  it('continues after its token has ended', async () => {
    await using store = await SwiftStore.open(
      options({ ...password(), tenant: { name: keystone.project.name } }),
    );
    for (let i = 0; i < 4; i++) {
      await store.put(`key-${i}`, Buffer.from('content'));
      await sleep(2500);
    }
    expect((await store.list({ prefix: 'key-', limit: 10 })).keys).to.have.length(4);
  });

  it('says that a password or a project is wrong, and not which password', async () => {
    const tenant = { name: keystone.project.name };
    for (const credentials of [
      { ...password(), password: 'wrong-and-secret', tenant },
      { ...password(), tenant: { name: 'elsewhere' } },
      { username: keystone.other.name, password: keystone.other.password, tenant },
    ]) {
      const error = await rejection(SwiftStore.open(options(credentials)));
      expect(everything(error)).to.include('cannot log in to Swift');
      expect(everything(error)).to.not.include(credentials.password);
    }
  });
});

/**
 * Promise: whoever the door let in is the actor of what they push, pull, mount and delete, as docker-registry tells it,
 * whichever the door; and all else that it tells of the same requests is the same, to the last member.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { expect } from 'chai';
import type { NotificationEvent } from '../../services/registry/notifications/event.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { makePair } from '../http/certificates.ts';
import { type Distribution, startDistribution } from '../support/distribution.ts';
import { eventually } from '../support/eventually.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { basic, ISSUER, PASSWORD, postToken, SERVICE, startTokenRegistry } from '../token/registry.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const OTHER = 'distribution.test';
const config = Buffer.from('{}');
const layer = Buffer.from('not really a layer');
const { bytes: manifest } = new Image({ config: new Content(config), layers: [new Content(layer)] });

/** Where requests go, and by whose leave. */
interface Client {
  readonly url: string;
  readonly authorization?: string;
}

/** What comes of one of each kind of request: pushes, pulls, a mount, deletes. */
const EVENTS = 11;

async function ask(
  { url, authorization }: Client,
  method: string,
  path: string,
  status: number,
  content?: { readonly type: string; readonly bytes: Buffer },
): Promise<Response> {
  const response = await fetch(new URL(path, url), {
    method,
    ...(content && { body: content.bytes }),
    headers: {
      ...{ accept: MEDIA_TYPES.image, 'user-agent': 'compare/1 <&>' },
      ...(authorization && { authorization }),
      ...(content && { 'content-type': content.type }),
    },
  });
  const text = await response.text();
  expect(response.status, `${method} ${url}${path}: ${text}`).to.equal(status);
  return response;
}

async function pushBlob(client: Client, bytes: Buffer): Promise<void> {
  const opened = await ask(client, 'POST', '/v2/user1/app/blobs/uploads/', 202);
  const location = new URL(opened.headers.get('location') ?? '', client.url);
  location.searchParams.set('digest', digestOf(bytes));
  await ask(client, 'PUT', location.pathname + location.search, 201, {
    ...{ type: 'application/octet-stream', bytes },
  });
}

async function oneOfEach(client: Client): Promise<void> {
  const app = '/v2/user1/app';
  for (const bytes of [config, layer]) await pushBlob(client, bytes);
  await ask(client, 'PUT', `${app}/manifests/1`, 201, { type: MEDIA_TYPES.image, bytes: manifest });
  await ask(client, 'HEAD', `${app}/manifests/1`, 200);
  await ask(client, 'GET', `${app}/manifests/${digestOf(manifest)}`, 200);
  await ask(client, 'HEAD', `${app}/blobs/${digestOf(layer)}`, 200);
  await ask(client, 'GET', `${app}/blobs/${digestOf(layer)}`, 200);
  await ask(client, 'POST', `/v2/user1/to/blobs/uploads/?mount=${digestOf(layer)}&from=user1/app`, 201);
  await ask(client, 'DELETE', `${app}/manifests/${digestOf(manifest)}`, 202);
  await ask(client, 'DELETE', `${app}/blobs/${digestOf(layer)}`, 202);
}

/** What was told, without what differs from one registry to another; pulls come when they come. */
function told(receiver: Receiver, { url }: Client): string[] {
  const { host } = new URL(url);
  return receiver
    .accepted()
    .map((event: NotificationEvent) => {
      expect(event.request.addr).to.match(/^127\.0\.0\.1:\d+$/);
      expect(event.request.host).to.equal(host);
      expect(event.source.addr).to.match(/^[^:]+:\d+$/);
      const common = { id: '', timestamp: '', source: Object.keys(event.source) };
      const request = { ...event.request, id: event.request.id.length, addr: '', host: '' };
      return JSON.stringify({ ...event, ...common, request }).replaceAll(host, 'HOST');
    })
    .sort();
}

const endpointAt = ({ url }: Receiver) => ({
  notifications: { endpoints: [{ name: 'hook', url, timeout: '20s', threshold: 3, backoff: '1s' }] },
});

requires(['docker-registry', 'openssl'])("actors compared with docker-registry's", () => {
  let held: AsyncDisposableStack;
  let home: string;
  let ours: Receiver;
  let theirs: Receiver;
  beforeEach(async () => {
    held = new AsyncDisposableStack();
    home = held.use(await tempDir('actors')).path;
    ours = held.use(await startReceiver());
    theirs = held.use(await startReceiver());
  });
  afterEach(() => held.disposeAsync());

  const startTheirs = async (auth?: Record<string, unknown>): Promise<Distribution> =>
    held.use(await startDistribution('docker-registry', join(home, 'theirs'), auth, endpointAt(theirs)));
  const startOurs = async (auth: object = {}): Promise<TestRegistry> =>
    held.use(
      await startRegistry({
        ...{ delete: true, promotion: false },
        config: (file) => ({ ...file, ...auth, ...endpointAt(ours) }),
      }),
    );

  async function expectSame(here: Client, there: Client, actor: object): Promise<void> {
    await oneOfEach(there);
    await oneOfEach(here);
    await eventually('both have told', () =>
      [ours, theirs].every((receiver) => receiver.accepted().length >= EVENTS),
    );
    expect(told(ours, here)).to.deep.equal(told(theirs, there));
    for (const event of ours.accepted()) expect(event.actor).to.deep.equal(actor);
    expect(new Set(ours.accepted().map(({ action }) => action))).to.deep.equal(
      new Set(['push', 'pull', 'mount', 'delete']),
    );
    expect(ours.posts.map(({ events }) => events.length)).to.deep.equal(theirs.posts.map(() => 1));
  }

  it('are those of auth.htpasswd', async () => {
    const path = join(home, 'htpasswd');
    await writeFile(path, `user1:${hashSync(`user1${PASSWORD}`, 4)}\n`);
    const auth = { htpasswd: { realm: 'test', path } };
    const authorization = basic('user1');
    await expectSame(
      { ...(await startOurs({ auth })), authorization },
      { ...(await startTheirs(auth)), authorization },
      { name: 'user1' },
    );
  });

  it('are those of tokens', async () => {
    const { certificate, key } = await makePair(home, { name: 'token' });
    const { registry } = held.use(
      await startTokenRegistry({ token: { services: [OTHER], key, certificate }, more: endpointAt(ours) }),
    );
    const { url } = await startTheirs({
      token: {
        ...{ realm: `${registry.url}/auth/token`, service: OTHER, issuer: ISSUER },
        rootcertbundle: certificate,
      },
    });
    const scopes = ['app', 'to'].map((name) => `repository:user1/${name}:pull,push,delete`);
    const bearer = async (service: string) => {
      const form = { grant_type: 'password', client_id: 'test', service, scope: scopes.join(' ') };
      const who = { username: 'user1', password: `user1${PASSWORD}` };
      return `Bearer ${(await postToken(registry.url, { ...form, ...who })).token}`;
    };
    await expectSame(
      { url: registry.url, authorization: await bearer(SERVICE) },
      { url, authorization: await bearer(OTHER) },
      { name: 'user1' },
    );
  });

  it('are nobody where nobody is asked; docker-registry passes on names that nobody verified', async () => {
    const [here, there] = [await startOurs(), await startTheirs()];
    await expectSame(here, there, {});
    const authorization = basic('somebody');
    for (const { url } of [here, there]) await pushBlob({ url, authorization }, config);
    await eventually('both have told', () =>
      [ours, theirs].every((receiver) => receiver.accepted().length > EVENTS),
    );
    expect(theirs.accepted().at(-1)?.actor).to.deep.equal({ name: 'somebody' });
    expect(ours.accepted().at(-1)?.actor).to.deep.equal({});
  });
});

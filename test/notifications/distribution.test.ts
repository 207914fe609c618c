/** Promise: events are, field by field, those that Debian's docker-registry sends for the same requests. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type {
  ChangeEvent,
  NotificationEvent,
  RequestInfo,
} from '../../services/registry/notifications/event.ts';
import { digestOf } from '../../services/registry/oci/digest.ts';
import { eventually } from '../support/eventually.ts';
import { Content, type Descriptor, Image, MEDIA_TYPES } from '../support/image.ts';
import { configOf, platformIndexOf } from '../support/platforms.ts';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { endpointAt, outboxWorld } from './outbox-world.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const { image: MANIFEST, index: INDEX } = MEDIA_TYPES;
const USER_AGENT = 'compare/1 <&>';

const config = configOf('amd64', []).bytes;
const layer = Buffer.from('not really a layer');
const annotated = { ...new Content(layer), annotations: { 'org.example': 'yes' } };
const image = new Image<Descriptor>({
  config: new Content(config, MEDIA_TYPES.config),
  layers: [annotated],
});
const manifest = image.bytes;
const index = platformIndexOf({ amd64: image }).bytes;

const blobOf = (action: 'push' | 'pull', bytes: Buffer): ChangeEvent => ({
  kind: 'blob',
  action,
  repository: 'a/b',
  digest: digestOf(bytes),
  sizeBytes: bytes.length,
});
const manifestOf = (
  action: 'push' | 'pull',
  mediaType: string,
  bytes: Buffer,
  tag?: string,
): ChangeEvent => ({
  kind: 'manifest',
  action,
  repository: 'a/b',
  mediaType,
  digest: digestOf(bytes),
  bytes,
  tag,
});

/** A request, and what an API node would say has happened. */
interface Step {
  readonly method: string;
  readonly path: string;
  readonly body?: Buffer;
  readonly type?: string;
  readonly status: number;
  readonly changeEvents: readonly ChangeEvent[];
}

const put = (reference: string, type: string, body: Buffer, tag?: string): Step => ({
  method: 'PUT',
  path: `/v2/a/b/manifests/${reference}`,
  body,
  type,
  status: 201,
  changeEvents: [manifestOf('push', type, body, tag)],
});
const get = (path: string, change: ChangeEvent, method = 'GET'): Step => ({
  method,
  path: `/v2/a/b/${path}`,
  status: 200,
  changeEvents: [change],
});
const remove = (path: string, changeEvents: ChangeEvent[]): Step => ({
  method: 'DELETE',
  path: `/v2/a/b/${path}`,
  status: 202,
  changeEvents,
});

const STEPS: readonly Step[] = [
  put('v1', MANIFEST, manifest, 'v1'),
  put(digestOf(manifest), MANIFEST, manifest),
  put('multi', INDEX, index, 'multi'),
  get('manifests/v1', manifestOf('pull', MANIFEST, manifest, 'v1')),
  get('manifests/v1', manifestOf('pull', MANIFEST, manifest, 'v1'), 'HEAD'),
  get(`manifests/${digestOf(index)}`, manifestOf('pull', INDEX, index)),
  get(`blobs/${digestOf(layer)}`, blobOf('pull', layer)),
  get(`blobs/${digestOf(layer)}`, blobOf('pull', layer), 'HEAD'),
  {
    method: 'POST',
    path: `/v2/c/d/blobs/uploads/?mount=${digestOf(layer)}&from=a/b`,
    status: 201,
    changeEvents: [
      {
        kind: 'blob',
        action: 'mount',
        repository: 'c/d',
        digest: digestOf(layer),
        sizeBytes: layer.length,
        fromRepository: 'a/b',
      },
    ],
  },
  // With a manifest go the tags that name it, each with an event of its own.
  remove(`manifests/${digestOf(manifest)}`, [
    { action: 'delete', repository: 'a/b', digest: digestOf(manifest) },
    { action: 'delete', repository: 'a/b', tag: 'v1' },
  ]),
  remove(`blobs/${digestOf(layer)}`, [{ action: 'delete', repository: 'a/b', digest: digestOf(layer) }]),
];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** RFC 3339: Go writes up to nine digits of a second and the machine's time zone, JavaScript three digits and UTC. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** An event without what differs from one to the next; all of that is looked at for its form. */
function comparable(event: NotificationEvent) {
  expect(event.id).to.match(UUID);
  expect(event.timestamp).to.match(TIME);
  expect(event.request.id).to.match(UUID);
  expect(event.request.addr).to.match(/^127\.0\.0\.1:\d+$/);
  expect(event.source.addr).to.match(/^[^:]+:\d+$/);
  expect(event.source.instanceID).to.match(UUID);
  expect(Object.keys(event)).to.deep.equal([
    'id',
    'timestamp',
    'action',
    'target',
    'request',
    'actor',
    'source',
  ]);
  const { id: _, timestamp: __, source: ___, request, ...rest } = event;
  // The order of members is compared as well.
  return JSON.stringify({ ...rest, request: { ...request, id: '', addr: '' } });
}

requires(['docker-registry'])("notifications compared with docker-registry's", () => {
  /** What docker-registry sends for all steps, and ours for the same. */
  async function bothFor(includereferences: boolean) {
    await using world = await outboxWorld();
    await using theirs = await startReceiver();
    await using ours = await startReceiver();
    await using peer = await startPeer(theirs.url, includereferences);
    const endpoint = endpointAt(ours.url, { batchsize: 1 });
    const notifier = world.notifier([endpoint], includereferences);
    const source = { addr: 'node:5000', instanceID: crypto.randomUUID() };
    world.worker(endpoint);

    const steps = [...(await uploadSteps(peer.url)), ...STEPS];
    for (const step of steps) {
      const before = theirs.posts.length;
      const response = await fetch(new URL(step.path, peer.url), {
        method: step.method,
        ...(step.body && { body: step.body }),
        headers: {
          accept: `${MANIFEST}, ${INDEX}`,
          'user-agent': USER_AGENT,
          ...(step.type && { 'content-type': step.type }),
        },
      });
      await response.arrayBuffer();
      expect(response.status, `${step.method} ${step.path}`).to.equal(step.status);
      await eventually(
        `docker-registry tells of ${step.method} ${step.path}`,
        () => theirs.posts.length >= before + step.changeEvents.length,
      );
      const facts: RequestInfo = {
        id: crypto.randomUUID(),
        addr: '127.0.0.1:1',
        host: new URL(peer.url).host,
        method: step.method,
        userAgent: USER_AGENT,
        actor: '',
        baseUrl: peer.url,
      };
      await notifier.changed(step.changeEvents, facts);
    }
    await eventually('ours are delivered', () => ours.accepted().length === theirs.accepted().length);
    return { theirs: posted(theirs), ours: posted(ours, source) };
  }

  /** Our source is the world's, made for reading: here it has to have the form of a real one. */
  function posted(receiver: Receiver, source?: NotificationEvent['source']) {
    const events = receiver.accepted().map((event) => comparable(source ? { ...event, source } : event));
    return {
      events,
      contentType: receiver.posts[0]?.headers['content-type'],
      eventsInPosts: receiver.posts.map((post) => post.events.length),
    };
  }

  for (const includereferences of [false, true])
    it(`are the same for every kind of event, ${includereferences ? 'with' : 'without'} references`, async function () {
      this.timeout(60_000);
      const { theirs, ours } = await bothFor(includereferences);
      expect(theirs.events).to.have.lengthOf(14);
      expect(ours.events).to.deep.equal(theirs.events);
      const references = theirs.events.filter((event) => event.includes('"references"'));
      expect(references.length).to.equal(includereferences ? 6 : 0);
      expect(theirs.contentType).to.equal('application/vnd.docker.distribution.events.v1+json');
      expect(ours.contentType).to.equal(theirs.contentType);
      expect(ours.eventsInPosts).to.deep.equal(theirs.eventsInPosts);
    });

  it('can be called what 3 calls them', async () => {
    await using world = await outboxWorld();
    await using receiver = await startReceiver();
    const v2 = 'application/vnd.docker.distribution.events.v2+json';
    const endpoint = endpointAt(receiver.url, { headers: { 'Content-Type': [v2] } });
    const [step] = STEPS;
    await world.notifier([endpoint]).changed(step?.changeEvents ?? [], {
      ...{ id: '1', addr: '', host: '', method: 'PUT', userAgent: '', actor: '', baseUrl: '' },
    });
    world.worker(endpoint);
    await eventually('it is delivered', () => receiver.posts.length === 1);
    expect(receiver.posts[0]?.headers['content-type']).to.equal(v2);
  });
});

async function startPeer(hook: string, includereferences: boolean) {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('peer'));
  const port = await freePort();
  const configPath = join(home.path, 'config.yml');
  const settings = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(home.path, 'store') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
    notifications: {
      events: { includereferences },
      endpoints: [{ name: 'hook', url: hook, timeout: '20s', threshold: 3, backoff: '1s' }],
    },
  };
  // JSON is YAML.
  await writeFile(configPath, JSON.stringify(settings));
  cleanUp.use(
    await startDaemon('docker-registry', ['serve', configPath], { ready: () => isListening(port) }),
  );
  const held = cleanUp.move();
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** The closing PUTs of two uploads; opening them is no event. */
async function uploadSteps(url: string): Promise<Step[]> {
  const steps: Step[] = [];
  for (const bytes of [config, layer]) {
    const opened = await fetch(`${url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
    const location = new URL(opened.headers.get('location') ?? '', url);
    location.searchParams.set('digest', digestOf(bytes));
    steps.push({
      method: 'PUT',
      path: location.pathname + location.search,
      body: bytes,
      type: 'application/octet-stream',
      status: 201,
      changeEvents: [blobOf('push', bytes)],
    });
  }
  return steps;
}

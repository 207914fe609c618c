/**
 * Promise: after a storm of pushes, mounts and deletes over several nodes, one of which is killed in its midst, every
 * acknowledged change stands in the record exactly once, any other once at most, and the chain is whole. (The soak says the same
 * of promotions, and of everything else that can fail.)
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { type Answer, Client } from '../faults/client.ts';
import { newBytes } from '../support/bytes.ts';
import { Content, Image, MEDIA_TYPES } from '../support/image.ts';
import { type DefineSuite, nightly, requires } from '../support/requirements.ts';
import { SWIFT_PROGRAMS, startSwift } from '../support/swift.ts';
import { tempDir } from '../support/temp.ts';
import { Acknowledged, entriesTold, verifiedBy } from './acknowledged.ts';
import { SECRET } from './world.ts';

const CLIENTS = 6;
const ROUNDS = 15;
const TRIES_MAX = 50;

type Storage = { readonly storage: Readonly<Record<string, unknown>> } & AsyncDisposable;

function describeStorm(define: DefineSuite, name: string, open: () => Promise<Storage>): void {
  define(`a storm of changes over ${name}`, () => {
    const held = new AsyncDisposableStack();
    let cluster: Cluster;
    before(async function () {
      this.timeout(120_000);
      const { storage } = held.use(await open());
      cluster = held.use(
        await startCluster(storage, {
          config: (config) => ({
            ...config,
            http: { ...(config['http'] as object), secret: SECRET },
            audit: { enabled: true },
          }),
        }),
      );
    });
    after(() => held.disposeAsync());

    it('records each acknowledged change exactly once', async function () {
      this.timeout(300_000);
      const acknowledged = new Acknowledged();
      await using client = new Client(cluster.url);
      const [, victim] = cluster.nodes;
      const killing = (async () => {
        await sleep(1500);
        await victim?.stop('SIGKILL');
        await victim?.start();
      })();
      await Promise.all(
        Array.from({ length: CLIENTS }, (_, i) => storm(client, acknowledged, `r${i % 3}/c${i}`)),
      );
      await killing;
      for (const node of cluster.nodes) await node.stop();
      const [node] = cluster.nodes;
      if (node === undefined) throw new Error('there are no nodes');
      const entries = await entriesTold(node);
      expect(acknowledged.missing(entries)).to.deep.equal([]);
      expect(acknowledged.size).to.be.above(CLIENTS * ROUNDS * 3);
      const verified = await verifiedBy(node, cluster.nodes);
      expect(verified).to.deep.include({ isWhole: true, faults: [], code: 0, sealed: verified.records });
      expect(verified.entries).to.equal(entries.length);
      expect(verified.ends, 'ends that nodes have logged').to.be.above(2);
      if (this.test)
        this.test.title += ` (${acknowledged.size} acknowledged, ${entries.length} entries in ${verified.records} records)`;
    });
  });
}

/** Pushes images, mounts their layers elsewhere, and deletes some of all that; what cannot be done now is tried again. */
async function storm(client: Client, acknowledged: Acknowledged, repository: string): Promise<void> {
  const call = async (
    ...[method, target, options = {}]: Parameters<Client['call']>
  ): Promise<Answer | undefined> => {
    for (let tries = 1; ; tries++) {
      const answer = await client.call(method, target, options).catch(() => undefined);
      if (answer) acknowledged.note(method, target, answer);
      const isNotNow = answer === undefined || answer.status >= 502;
      if (!isNotNow || tries === TRIES_MAX) return answer;
      await sleep(100);
    }
  };
  const pushBlob = async ({ bytes, digest }: Content) => {
    const begun = await call('POST', `/v2/${repository}/blobs/uploads/`);
    const location = begun?.header('location');
    if (location === undefined) return;
    const { pathname, search } = new URL(location, 'http://registry');
    await call('PUT', `${pathname}${search}${search ? '&' : '?'}digest=${digest}`, {
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    });
  };
  for (let round = 0; round < ROUNDS; round++) {
    const config = new Content(newBytes(100), MEDIA_TYPES.config);
    const layer = new Content(newBytes(1000));
    await Promise.all([pushBlob(config), pushBlob(layer)]);
    const { bytes, digest } = new Image({ config, layers: [layer] });
    const headers = { 'content-type': MEDIA_TYPES.image };
    await Promise.all([
      call('PUT', `/v2/${repository}/manifests/latest`, { headers, body: bytes }),
      call('PUT', `/v2/${repository}/manifests/t${round}`, { headers, body: bytes }),
      call('POST', `/v2/mounted/${repository}/blobs/uploads/?mount=${layer.digest}&from=${repository}`),
    ]);
    if (round % 3 === 0) await call('DELETE', `/v2/${repository}/manifests/t${round}`);
    if (round % 5 === 0) await call('DELETE', `/v2/${repository}/manifests/${digest}`);
    if (round % 5 === 0) await call('DELETE', `/v2/${repository}/blobs/${layer.digest}`);
  }
}

const PROGRAMS = ['nginx', 'redis-server', 'openssl'];

describeStorm(requires(PROGRAMS), 'a file system', async () => {
  const home = await tempDir('storm');
  return {
    storage: { filesystem: { rootdirectory: join(home.path, 'store'), sync: false } },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
});

describeStorm(nightly(requires([...PROGRAMS, ...SWIFT_PROGRAMS])), 'Swift', async () => {
  const swift = await startSwift();
  const { authUrl: authurl, user: username, key: password } = swift;
  return {
    storage: { swift: { ...{ authurl, authversion: 1, username, password }, container: 'images' } },
    [Symbol.asyncDispose]: () => swift[Symbol.asyncDispose](),
  };
});

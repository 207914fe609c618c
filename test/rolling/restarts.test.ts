/** Promise: nodes are replaced one after the other under load, and no client fails. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { pushBlob, pushImage, pushManifest } from '../protocol/pushing.ts';
import { inPieces, send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { Image, MEDIA_TYPES } from '../support/image.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

const MIB = 1024 * 1024;

requires(['nginx', 'redis-server', 'openssl'])('a rolling restart', function () {
  this.timeout(120_000);
  const held = new AsyncDisposableStack();
  let cluster: Cluster;
  before(async () => {
    const home = held.use(await tempDir('rolling'));
    const storage = { filesystem: { rootdirectory: join(home.path, 'store'), sync: false } };
    cluster = held.use(
      await startCluster(storage, {
        passesOn: true,
        config: (config) => ({ ...config, http: { ...(config['http'] as object), draintimeout: '12s' } }),
      }),
    );
  });
  after(() => held.disposeAsync());

  it('fails no pull, and no push that asks again as clients do', async function () {
    const image = await pushImage(cluster.url, 'app', 'one', [newBytes(3 * MIB)]);
    const paths = [
      '/v2/app/manifests/one',
      `/v2/app/manifests/${image.digest}`,
      `/v2/app/blobs/${image.layers[0]?.digest}`,
    ];
    let isOver = false;
    const told = { pulls: 0, pushes: 0, wrong: [] as string[] };
    const pulling = async () => {
      for (let i = 0; !isOver; i++) {
        const path = paths[i % paths.length] ?? '';
        const answer = await send(cluster.url, path).catch((error: unknown) => String(error));
        told.pulls++;
        if (typeof answer === 'string') told.wrong.push(answer);
        else if (answer.status !== 200 || sha256(answer.body) !== answer.headers['docker-content-digest'])
          told.wrong.push(`${path}: ${answer.status}`);
      }
    };
    const pushing = async () => {
      for (; !isOver; told.pushes++) await pushAgain();
    };
    // One whose node goes away in the midst of an upload begins anew.
    const pushAgain = async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await pushImage(cluster.url, 'app', `pushed-${told.pushes}`);
        } catch (error) {
          if (attempt === 3) throw error;
        }
      }
    };
    const working = [pulling(), pulling(), pushing()];
    for (const node of cluster.nodes) {
      await node.stop('SIGTERM');
      expect((await node.daemon.exit).code).to.equal(0);
      await sleep(300);
      await node.start();
      await sleep(300);
    }
    isOver = true;
    await Promise.all(working);
    if (this.test) this.test.title += ` (${told.pulls} pulls, ${told.pushes} pushes)`;
    expect(told.wrong).to.deep.equal([]);
    expect(told.pulls).to.be.above(100);
    expect(told.pushes).to.be.above(5);
  });

  it('waits for the upload under way, and takes nothing new during that', async () => {
    const [node, other] = cluster.nodes;
    if (node === undefined || other === undefined) throw new Error('there are no nodes');
    const begun = await send(node.url, '/v2/app/blobs/uploads/', { method: 'POST' });
    const target = begun.headers.location ?? '';
    const bytes = newBytes(20 * 64 * 1024);
    let piecesSent = 0;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    async function* inTwoParts() {
      for await (const piece of inPieces(bytes)) {
        if (piecesSent === 3) await released;
        piecesSent++;
        yield piece;
      }
    }
    const patching = send(node.url, target, {
      method: 'PATCH',
      headers: { 'content-type': 'application/octet-stream' },
      body: inTwoParts(),
    });
    await eventually('three pieces are sent', () => piecesSent >= 3);
    const stopped = node.stop('SIGTERM');
    const asked = () =>
      send(node.url, '/readyz').then(
        ({ status }) => status,
        () => 'refused',
      );
    await eventually('it takes nothing new', async () => [503, 'refused'].includes(await asked()), 8000);
    release();
    expect((await patching).status).to.equal(202);
    await stopped;
    expect((await node.daemon.exit).code).to.equal(0);
    const closed = await send(other.url, `${target}?digest=${sha256(bytes)}`, { method: 'PUT' });
    expect(closed.status, closed.body.toString()).to.equal(201);
    await node.start();
  });

  it('does not wait for ever: what takes longer than http.draintimeout is cut, and continues elsewhere', async () => {
    const [node, other] = cluster.nodes;
    if (node === undefined || other === undefined) throw new Error('there are no nodes');
    const begun = await send(node.url, '/v2/app/blobs/uploads/', { method: 'POST' });
    const target = begun.headers.location ?? '';
    let isStalled = false;
    async function* stalling() {
      yield newBytes();
      isStalled = true;
      await sleep(60_000, undefined, { ref: false });
    }
    const patching = send(node.url, target, { method: 'PATCH', body: stalling() }).then(
      ({ status }) => status,
      () => 'cut',
    );
    await eventually('it stalls', () => isStalled);
    await node.stop('SIGTERM');
    expect(await patching).to.equal('cut');
    const config = await pushBlob(other.url, 'app', newBytes(), MEDIA_TYPES.config);
    await pushManifest(other.url, 'app', new Image({ config, layers: [] }), 'after');
    expect((await send(other.url, target)).status, 'the upload is there').to.equal(204);
    await node.start();
  });
});

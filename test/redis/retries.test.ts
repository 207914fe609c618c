/** Promise: a client that was sent to a mirror and asks again, at whichever node, is sent to the next one, then served. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { startStaticMirror } from '../faults/static-mirror.ts';
import { pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { type MirrorEntry, startRegistry, type TestRegistry } from '../support/registry.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';

/** Other nodes are told ten times a second. */
const TOLD_MS = 400;

requires(['redis-server', 'redis-cli'])('a client that asks for a blob again', function () {
  this.timeout(60_000);
  const held = new AsyncDisposableStack();
  let here: TestRegistry;
  let there: TestRegistry;
  before(async () => {
    const home = held.use(await tempDir('retries'));
    const mirrors: MirrorEntry[] = [];
    for (const name of ['one', 'two']) {
      const directory = join(home.path, name);
      await mkdir(directory);
      const { url } = held.use(await startStaticMirror(directory));
      mirrors.push({ name, url, sameoperator: true, write: { directory } });
    }
    const redis = held.use(await startRedis());
    const start = async (command: 'serve' | 'api') =>
      held.use(
        await startRegistry({
          ...{ command, mirrors, rootDirectory: join(home.path, 'store') },
          config: (config) => ({ ...config, redis: { addr: redis.address } }),
        }),
      );
    here = await start('serve');
    there = await start('api');
  });
  after(() => held.disposeAsync());

  it('is sent to the other mirror, then served, then as at first; another client is not', async () => {
    const image = await pushImage(here.url, 'candidate/app', '1', [newBytes(100_000)]);
    await here.cli(['promote', 'candidate/app:1', 'app:1', '--wait-mirrors', '2']);
    const ask = async (node: TestRegistry, client: string) => {
      const path = `/v2/app/blobs/${image.layers[0]?.digest}`;
      const { headers } = await send(node.url, path, { headers: { 'user-agent': client } });
      return /^(?:mirror=(\w+);|serve; reason=(\w+))/
        .exec(String(headers['roadstead-decision']))
        ?.slice(1)
        .join('');
    };
    let prober = 0;
    for (const node of [here, there])
      await eventually('both mirrors are known', async () => {
        const first = await ask(node, `prober ${++prober}`);
        const second = await ask(node, `prober ${prober}`);
        return first !== second && [first, second].toSorted().join() === 'one,two';
      });
    const best = await ask(here, 'another');
    const next = best === 'one' ? 'two' : 'one';
    const told = [];
    for (let i = 0; i < 4; i++) told.push(await ask(here, 'the client'));
    expect(told).to.deep.equal([best, next, 'retried', best]);

    let rounds = 0;
    await eventually('the other node is told in time', async () => {
      const client = `wanderer ${++rounds}`;
      expect(await ask(here, client)).to.equal(best);
      await new Promise((resolve) => setTimeout(resolve, TOLD_MS));
      return (await ask(there, client)) === next;
    });
  });
});

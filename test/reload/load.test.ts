/** Promise: no request fails because of a reload, and a process does not grow with the number of reloads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Agent } from 'undici';
import { pushImage } from '../protocol/pushing.ts';
import { send } from '../protocol/wire.ts';
import { newBytes } from '../support/bytes.ts';
import { CLI } from '../support/cli.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { type EditedFile, edit, reload } from './edit.ts';

const MIB = 1024 * 1024;
const RELOADS = 20;

/** Generations that are kept take 200 MiB and more. */
const GROWTH_MAX_MIB = 8;
/** Loaded before the program: collects garbage at SIGUSR2, and prints what is left. */
const PROBE = `data:text/javascript,${encodeURIComponent(`
  process.on('SIGUSR2', () => {
    for (let i = 0; i < 3; i++) globalThis.gc();
    const { heapUsed: usedBytes } = process.memoryUsage();
    process.stdout.write(JSON.stringify({ msg: 'heap', usedBytes }) + '\\n');
  });
`)}`;

/** Settings of many sections, different each time. */
function change(file: EditedFile, i: number): void {
  file.http.headers = { 'X-Reload': [String(i)] };
  file.limits = { connections: 5000 + i, manifests: { layers: 500 + i }, deletedtags: 100 + i };
  file.storage.tag = { concurrencylimit: 4 + (i % 2) };
  file.notifications = {
    endpoints: [{ name: `hook-${i % 2}`, url: 'http://127.0.0.1:9/', disabled: i % 2 === 0 }],
  };
  file.promotion = { ...file.promotion, candidates: ['candidate/**', `more-${i}/**`] };
  file.garbagecollection = { enabled: i % 2 === 1 };
}

/** Clients that pull and push all the time, over new connections and over one that is kept. */
async function underLoad(
  urls: readonly string[],
  act: () => Promise<void>,
): Promise<{ pulls: number; pushes: number; wrong: string[] }> {
  const [url = ''] = urls;
  const image = await pushImage(url, 'candidate/app', 'one', [newBytes(2 * MIB)]);
  const paths = ['manifests/one', `manifests/${image.digest}`, `blobs/${image.layers[0]?.digest}`];
  const seen = { pulls: 0, pushes: 0, wrong: [] as string[] };
  let isOver = false;
  const until = async (step: (i: number) => Promise<void>) => {
    for (let i = 0; !isOver; i++) await step(i).catch((error: unknown) => seen.wrong.push(String(error)));
  };
  const judge = (path: string, status: number, body: Buffer, digest: unknown) => {
    seen.pulls++;
    if (status !== 200 || sha256(body) !== digest) seen.wrong.push(`${path}: ${status}`);
  };
  const pathOf = (i: number) => `/v2/candidate/app/${paths[i % paths.length]}`;
  const urlOf = (i: number) => urls[i % urls.length] ?? '';
  await using kept = new Kept({ connections: 1 });
  const working = [
    until(async (i) => {
      const { status, body, headers } = await send(urlOf(i), pathOf(i));
      judge(pathOf(i), status, body, headers['docker-content-digest']);
    }),
    until(async (i) => {
      const { statusCode, body, headers } = await kept.request({
        origin: url,
        path: pathOf(i),
        method: 'GET',
      });
      judge(pathOf(i), statusCode, Buffer.from(await body.arrayBuffer()), headers['docker-content-digest']);
    }),
    until(async (i) => {
      await pushImage(urlOf(i), 'candidate/app', `pushed-${i % 5}`, [newBytes(200_000)]);
      seen.pushes++;
    }),
  ];
  try {
    await act();
  } finally {
    isOver = true;
    await Promise.all(working);
  }
  return seen;
}

class Kept extends Agent implements AsyncDisposable {
  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }
}

describe('reloads under load', function () {
  this.timeout(180_000);
  const held = new AsyncDisposableStack();
  after(() => held.disposeAsync());

  it(`of one registry, ${RELOADS} of them, fail no pull and no push`, async function () {
    const registry = held.use(await startRegistry());
    const seen = await underLoad([registry.url], async () => {
      for (let i = 1; i <= RELOADS; i++) {
        await edit(registry, (file) => change(file, i));
        const { status, reloaded } = await reload(registry);
        expect([status, reloaded.includes('http.headers')]).to.deep.equal([200, true]);
        expect((await send(registry.url, '/v2/')).headers['x-reload']).to.equal(String(i));
        await sleep(100);
      }
    });
    if (this.test) this.test.title += ` (${seen.pulls} pulls, ${seen.pushes} pushes)`;
    expect(seen.wrong).to.deep.equal([]);
    expect(seen.pulls).to.be.above(100);
    expect(seen.pushes).to.be.above(5);
    expect(registry.log().filter(({ level }) => level === 'error')).to.deep.equal([]);
  });

  it('of three nodes over one store, one after the other, fail no pull and no push', async function () {
    const rootDirectory = `${held.use(await tempDir('reload-nodes')).path}/store`;
    const nodes: TestRegistry[] = [];
    for (let i = 0; i < 3; i++) nodes.push(held.use(await startRegistry({ command: 'api', rootDirectory })));
    const seen = await underLoad(
      nodes.map(({ url }) => url),
      async () => {
        for (const [i, node] of nodes.entries()) {
          await edit(node, (file) => change(file, i + 1));
          expect((await reload(node)).status).to.equal(200);
          await sleep(300);
        }
      },
    );
    if (this.test) this.test.title += ` (${seen.pulls} pulls, ${seen.pushes} pushes)`;
    expect(seen.wrong).to.deep.equal([]);
    expect(seen.pushes).to.be.above(2);
  });

  it('leave neither memory, descriptors nor readings of metrics behind', async function () {
    const registry = held.use(await startRegistry({ program: ['--expose-gc', '--import', PROBE, ...CLI] }));
    let done = 0;
    const reloads = async (count: number) => {
      for (let i = 0; i < count; i++) {
        await edit(registry, (file) => change(file, ++done));
        expect((await reload(registry)).status).to.equal(200);
      }
    };
    const metric = async (name: string) => {
      const text = (await send(registry.debugUrl, '/metrics')).body.toString();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    };
    /** The heap after a collection. */
    const heapMib = async () => {
      const seen = () => registry.log().filter(({ msg }) => msg === 'heap');
      const before = seen().length;
      registry.daemon.kill('SIGUSR2');
      await eventually('the heap is measured', () => seen().length > before);
      return Number(seen().at(-1)?.['usedBytes']) / MIB;
    };
    await reloads(20);
    const [before, descriptors] = [await heapMib(), await metric('process_open_fds')];
    await reloads(50);
    const grownMib = (await heapMib()) - before;
    if (this.test) this.test.title += ` (${grownMib.toFixed(1)} MiB after 50)`;
    expect(grownMib).to.be.below(GROWTH_MAX_MIB);
    await eventually('no descriptor more', async () => (await metric('process_open_fds')) <= descriptors + 3);
  });
});

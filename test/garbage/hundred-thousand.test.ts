/**
 * Promise: the sync process collects the garbage, 1 in 100, of 100,000 blobs in a directory, and of a tenth of that in S3,
 * with less than 200 MB of memory, and at most 1.2 requests for each page listed and each batch deleted. Tells how long it
 * took. S3 gets a tenth because the server of the tests is slow to fill; that the requests are as few over 100,000 is
 * counted in online-requests.test.ts.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pMap from 'p-map';
import { stringify } from 'yaml';
import { REQUEST_KEY, WORKER_PREFIX } from '../../services/registry/content/quarantine/keys.ts';
import { type Progress, readProgress } from '../../services/registry/garbage/online/progress.ts';
import { READ_ONLY_KEY } from '../../services/registry/storage/layout.ts';
import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { type Residence, residenceDuring } from '../faults/resident.ts';
import { operationOf } from '../stores/s3-world.ts';
import { CLI } from '../support/cli.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { run } from '../support/process.ts';
import { RADOSGW_PROGRAMS, startRadosgw } from '../support/radosgw.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type DefineSuite, nightly, requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { type Counts, countsOf, manyBlobs } from './many-blobs.ts';

const MEMORY_MAX_BYTES = 200e6;
const PUTS_AT_ONCE = 64;
const QUARANTINE_MS = 5000;
const PAGE = 1000;
const FILL_TIMEOUT_MS = 1_200_000;
const CYCLE_TIMEOUT_MS = 600_000;

/** What is told of a cycle that has ended. */
type Told = NonNullable<Progress['last']>;

interface Collected {
  readonly told: Told;
  readonly asked: Record<string, number> | undefined;
  readonly residence: Residence;
}

/** A store with nothing in it. */
interface EmptyStore extends AsyncDisposable {
  readonly objects: ObjectStore;
  /** The `storage` section for a process whose requests are to be counted. */
  readonly counted: object;
  /** The same store for commands, whose own requests are not. */
  readonly uncounted: object;
  /** What was asked of it since this was asked last, where the store can tell. */
  requests?(): Record<string, number>;
}

function describeMany(
  define: DefineSuite,
  name: string,
  blobs: number,
  open: () => Promise<EmptyStore>,
): void {
  define(`the sync process over ${blobs} blobs in ${name}`, () => describeCycles(countsOf(blobs), open));
}

function describeCycles(counts: Counts, open: () => Promise<EmptyStore>): void {
  const held = new AsyncDisposableStack();
  let store: EmptyStore;
  let sync: TestRegistry;
  let commandsConfig: string;
  before(async function () {
    this.timeout(FILL_TIMEOUT_MS);
    store = held.use(await open());
    const { objects, counted, uncounted } = store;
    await pMap(manyBlobs(counts), ([key, text]) => objects.put(key, Buffer.from(text)), {
      concurrency: PUTS_AT_ONCE,
    });
    const configOf = (storage: object) => (config: object) => ({
      ...config,
      storage: { ...storage, maintenance: { uploadpurging: { enabled: false } } },
      garbagecollection: { enabled: true, interval: '500h', grace: '0s', quarantine: `${QUARANTINE_MS}ms` },
    });
    sync = held.use(await startRegistry({ command: 'sync', promotion: false, config: configOf(counted) }));
    commandsConfig = join(held.use(await tempDir('commands')).path, 'config.yml');
    await writeFile(
      commandsConfig,
      stringify(configOf(uncounted)({ version: 0.1, http: { addr: '127.0.0.1:0' } })),
    );
  });
  after(async function () {
    // Hundreds of thousands of files take their time to go.
    this.timeout(CYCLE_TIMEOUT_MS);
    await held.disposeAsync();
  });

  /** What is told of a cycle while somebody waits for it, what was asked of the store, and what it took. */
  async function during(cycle: () => Promise<Told>): Promise<Collected> {
    store.requests?.();
    let told: Told | undefined;
    const residence = await residenceDuring(sync.daemon.pid, async () => {
      told = await cycle();
    });
    if (told === undefined) throw new Error('nothing was told');
    return { told, asked: store.requests?.(), residence };
  }

  /** A process that finds no trace of a cycle begins with one. */
  async function itsFirst(): Promise<Told> {
    for (;;) {
      const { last, trouble } = (await readProgress(store.objects)) ?? {};
      if (trouble) throw new Error(trouble);
      if (last) return last;
      await sleep(200);
    }
  }

  async function oneAskedFor(): Promise<Told> {
    const timeout = String(CYCLE_TIMEOUT_MS / 1000);
    const args = [...CLI, 'gc', 'run', '--json', '--timeout', timeout, commandsConfig];
    const { stdout } = await run(process.execPath, args, { timeoutMs: CYCLE_TIMEOUT_MS });
    return JSON.parse(stdout) as Told;
  }

  const tell = (what: string, { told, asked, residence }: Collected) => {
    const tookS = (Date.parse(told.endedAt) - Date.parse(told.startedAt)) / 1000;
    const { lowestBytes, highestBytes } = residence;
    const [lowest, highest] = [lowestBytes, highestBytes].map((bytes) => Math.round(bytes / 1e6));
    console.log(
      `      ${what}: ${tookS.toFixed(1)} s, ${lowest} to ${highest} MB resident, ${told.counts.objectsListed} objects ` +
        `listed, ${told.requests} requests ${asked ? JSON.stringify(asked) : ''}`,
    );
  };

  it('finds what is garbage, reading each manifest once', async function () {
    this.timeout(CYCLE_TIMEOUT_MS);
    const cycle = await during(itsFirst);
    tell('the first cycle', cycle);
    expect(cycle.told.counts).to.include({
      stored: counts.blobs,
      manifestsRead: counts.images,
      quarantined: counts.garbage,
      deleted: 0,
    });
    expect(cycle.residence.highestBytes).to.be.below(MEMORY_MAX_BYTES);
  });

  it('deletes it, for little more than pages and batches', async function () {
    this.timeout(CYCLE_TIMEOUT_MS);
    await sleep(QUARANTINE_MS);
    const cycle = await during(oneAskedFor);
    tell('the second cycle', cycle);
    const { told, asked, residence } = cycle;
    expect(told.counts).to.include({
      ...{ stored: counts.blobs - counts.garbage, manifestsRead: 0 },
      ...{ deleted: counts.garbage, linksDeleted: counts.garbage },
    });
    const fair = (told.counts.objectsListed + told.counts.deleted + told.counts.linksDeleted) / PAGE;
    console.log(`      ${(told.requests / fair).toFixed(2)} of what pages and batches cost`);
    expect(told.requests).to.be.at.most(1.2 * fair);
    // The worker counts right; the lease comes on top.
    const { standing: _, ...own } = asked ?? {};
    const seen = Object.values(own).reduce((sum, count) => sum + count, 0);
    if (asked) expect(seen).to.be.within(told.requests, 1.2 * fair);
    expect(residence.highestBytes).to.be.below(MEMORY_MAX_BYTES);
  });
}

describeMany(nightly(describe), 'a directory', 100_000, async () => {
  await using held = new AsyncDisposableStack();
  const rootdirectory = join(held.use(await tempDir('many')).path, 'store');
  const objects = held.use(await FilesystemStore.open({ rootDirectory: rootdirectory, sync: false }));
  const storage = { filesystem: { rootdirectory, sync: false } };
  const all = held.move();
  return { objects, counted: storage, uncounted: storage, [Symbol.asyncDispose]: () => all.disposeAsync() };
});

describeMany(nightly(requires(RADOSGW_PROGRAMS)), 'S3', 10_000, async () => {
  await using held = new AsyncDisposableStack();
  const radosgw = held.use(await startRadosgw());
  const options = await radosgw.newBucket();
  const objects = held.use(await S3Store.open(options));
  const proxy = held.use(await startFaultProxy(radosgw.endpoint));
  const { accessKey: accesskey, secretKey: secretkey } = radosgw.credentials;
  const s3 = { region: options.region, bucket: options.bucket, accesskey, secretkey };
  let requests: Record<string, number> = {};
  // The lease, and the looks of an idle worker, cost the same over any store.
  const standing = [WORKER_PREFIX, REQUEST_KEY, READ_ONLY_KEY].flatMap((key) => [
    key,
    encodeURIComponent(key),
  ]);
  proxy.rule = (request) => {
    const operation = standing.some((key) => request.url.includes(key)) ? 'standing' : operationOf(request);
    requests[operation] = (requests[operation] ?? 0) + 1;
    return undefined;
  };
  const all = held.move();
  return {
    objects,
    counted: { s3: { ...s3, regionendpoint: proxy.endpoint } },
    uncounted: { s3: { ...s3, regionendpoint: radosgw.endpoint } },
    requests() {
      const seen = requests;
      requests = {};
      return seen;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
});

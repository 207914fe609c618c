import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SECRET } from '../audit/world.ts';
import { openBucket } from '../cluster/s3-bucket.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freePort } from '../support/ports.ts';
import { startRadosgw } from '../support/radosgw.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import { startFront } from './front.ts';
import type { Place } from './sender.ts';
import { GRACE_MS, NEXT_UPSTREAM, QUARANTINE_MS } from './settings.ts';

const CLOCK = pathToFileURL(fileURLToPath(new URL('moved-clock.ts', import.meta.url))).href;
/** The machine may be busy with other suites. */
const START_TIMEOUT_MS = 60_000;

/** A process whose wall clock can be moved. */
export interface Process {
  readonly name: string;
  readonly registry: TestRegistry;
  setClock(offsetMs: number): Promise<void>;
}

/** A registry of several processes over one store. */
export interface SetUp extends AsyncDisposable {
  readonly nodes: readonly Process[];
  readonly releases: readonly Process[];
  readonly workers: readonly Process[];
  /** Where clients can go: every node, and nginx if there is one. */
  readonly places: readonly Place[];
  /** In front of the store, if that is a server. */
  readonly store?: FaultProxy;
  readonly redis?: RedisServer;
}

/** How many processes there are, over what. */
interface Shape {
  readonly nodes: number;
  readonly workers: number;
  readonly storage: Readonly<Record<string, unknown>>;
  readonly redis?: RedisServer;
}

/** One of each process over a directory. */
export async function onFileSystem(): Promise<SetUp> {
  await using held = new AsyncDisposableStack();
  const set = await startAll(held, { nodes: 1, workers: 1, storage: await directory(held) });
  const all = held.move();
  return { ...set, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Three nodes behind nginx over one directory, without Redis. */
export async function onSharedDirectory(): Promise<SetUp> {
  await using held = new AsyncDisposableStack();
  const set = await startAll(held, { nodes: 3, workers: 2, storage: await directory(held) });
  const all = held.move();
  return { ...set, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Three nodes behind nginx over Ceph's gateway, with Redis; the store is reached through a proxy. */
export async function onS3(): Promise<SetUp> {
  await using held = new AsyncDisposableStack();
  const bucket = held.use(await openBucket(startRadosgw));
  const s3 = bucket.storage['s3'] as Readonly<Record<string, string>>;
  const store = held.use(await startFaultProxy(s3['regionendpoint'] ?? ''));
  const redis = held.use(await startRedis());
  const storage = { s3: { ...s3, regionendpoint: store.endpoint } };
  const set = await startAll(held, { nodes: 3, workers: 2, storage, redis });
  const all = held.move();
  return { ...set, redis, store, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function directory(held: AsyncDisposableStack): Promise<Shape['storage']> {
  const { path } = held.use(await tempDir('history-store'));
  return { filesystem: { rootdirectory: join(path, 'store'), sync: false } };
}

async function startAll(
  held: AsyncDisposableStack,
  { nodes, workers, storage, redis }: Shape,
): Promise<Omit<SetUp, keyof AsyncDisposable>> {
  const home = held.use(await tempDir('history')).path;
  const frontPort = await freePort();
  const start = async (command: 'api' | 'release' | 'sync', number: number): Promise<Process> => {
    const name = `${command}${number}`;
    const clock = join(home, name);
    const setClock = (offsetMs: number) => writeFile(clock, String(offsetMs));
    await setClock(0);
    const releasePort = await freePort();
    const registry = held.use(
      await startRegistry({
        ...{ command, promotion: false, releasePort, startTimeoutMs: START_TIMEOUT_MS },
        config: (config) => ({
          ...config,
          storage: { ...storage, delete: { enabled: true }, redirect: { disable: true } },
          http: {
            ...(config['http'] as object),
            ...{ secret: SECRET, trustedproxies: ['127.0.0.0/8'] },
          },
          auth: 'none',
          ...(redis && { redis: { addr: redis.address } }),
          promotion: { candidates: ['candidate/**'], http: { addr: `127.0.0.1:${releasePort}` } },
          garbagecollection: {
            ...{ enabled: true, interval: '2s' },
            ...{ grace: `${GRACE_MS}ms`, quarantine: `${QUARANTINE_MS}ms` },
          },
        }),
        env: {
          NODE_OPTIONS: `--import=${CLOCK}`,
          HISTORY_CLOCK: clock,
        },
      }),
    );
    return { name, registry, setClock };
  };
  const startSome = async (command: 'api' | 'sync', count: number) => {
    const started: Process[] = [];
    for (let number = 1; number <= count; number++) started.push(await start(command, number));
    return started;
  };
  const apis = await startSome('api', nodes);
  const direct = apis.map(({ name, registry }) => ({ name, url: registry.url }));
  const hosts = apis.map(({ registry }) => registry.host);
  const front =
    nodes > 1
      ? held.use(await startFront({ hosts, port: frontPort, nextUpstream: NEXT_UPSTREAM }))
      : undefined;
  return {
    nodes: apis,
    releases: [await start('release', 1)],
    workers: await startSome('sync', workers),
    // Half of the requests go to nginx.
    places: front
      ? [...direct, ...direct.map(() => ({ name: 'nginx', url: front.url, repeats: NEXT_UPSTREAM === 'on' }))]
      : direct,
  };
}

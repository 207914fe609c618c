import { join } from 'node:path';
import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { S3Store } from '../../services/stores/s3/s3-store.ts';
import { SECRET } from '../audit/world.ts';
import { startMirrors } from '../clients/mirrored.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { openBucket } from '../cluster/s3-bucket.ts';
import { freePort } from '../support/ports.ts';
import { startRadosgw } from '../support/radosgw.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tempDir } from '../support/temp.ts';
import type { Victims } from './chaos.ts';
import { Eyes } from './eyes.ts';
import { GRACE_MS, KEEPS_UNTAGGED, QUARANTINE_MS } from './settings.ts';

/** A store for all processes, as a `storage` section, and a look into it. */
interface SoakedStore extends AsyncDisposable {
  readonly storage: Readonly<Record<string, unknown>>;
  readonly eyes: Eyes;
}

/** All that runs in a soak. */
export interface Processes extends Victims, AsyncDisposable {
  readonly cluster: Cluster;
  /** Of nginx before the nodes. */
  readonly url: string;
  readonly eyes: Eyes;
}

/** Starts three nodes behind nginx, two release services, two sync workers, Redis and a mirror, over one store. */
export async function startProcesses(open: () => Promise<SoakedStore>): Promise<Processes> {
  await using held = new AsyncDisposableStack();
  const { storage, eyes } = held.use(await open());
  const port = await freePort();
  const { entries } = await startMirrors(held, ['near'], port);
  const ms = (duration: number) => `${duration}ms`;
  const shared = (config: Readonly<Record<string, unknown>>, releasePort: number) => ({
    ...config,
    http: {
      ...(config['http'] as object),
      ...{ host: `http://127.0.0.1:${port}`, secret: SECRET },
    },
    audit: { enabled: true },
    promotion: { candidates: ['candidate/**'], http: { addr: `127.0.0.1:${releasePort}` } },
    mirrors: entries,
    garbagecollection: {
      ...{ enabled: true, interval: '1s', grace: ms(GRACE_MS), quarantine: ms(QUARANTINE_MS) },
      deleteuntagged: !KEEPS_UNTAGGED,
    },
  });
  const cluster = held.use(
    await startCluster(storage, { port, config: (config) => shared(config, port), passesOn: true }),
  );
  const redis = { addr: cluster.redis.address };
  const start = async (command: 'release' | 'sync') => {
    const releasePort = await freePort();
    return held.use(
      await startRegistry({
        ...{ command, promotion: false, releasePort },
        config: (config) =>
          shared({ ...config, storage: { ...storage, delete: { enabled: true } }, redis }, releasePort),
      }),
    );
  };
  const releases: TestRegistry[] = [await start('release'), await start('release')];
  const workers: TestRegistry[] = [await start('sync'), await start('sync')];
  const all = held.move();
  return {
    ...{ cluster, url: cluster.url, nodes: cluster.nodes, redis: cluster.redis, releases, workers, eyes },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** A bucket of Ceph's gateway. */
export async function openS3(): Promise<SoakedStore> {
  await using held = new AsyncDisposableStack();
  const bucket = held.use(await openBucket(startRadosgw));
  const s3 = bucket.storage['s3'] as Readonly<Record<string, string>>;
  const { region = '', regionendpoint = '', accesskey = '', secretkey = '' } = s3;
  const store = held.use(
    await S3Store.open({
      ...{ region, endpoint: regionendpoint, bucket: s3['bucket'] ?? '' },
      credentials: { accessKey: accesskey, secretKey: secretkey },
    }),
  );
  const all = held.move();
  return {
    storage: bucket.storage,
    eyes: new Eyes(store),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** A directory. */
export async function openDirectory(): Promise<SoakedStore> {
  await using held = new AsyncDisposableStack();
  const rootdirectory = join(held.use(await tempDir('soaked')).path, 'store');
  const store = held.use(await FilesystemStore.open({ rootDirectory: rootdirectory, sync: false }));
  const all = held.move();
  return {
    storage: { filesystem: { rootdirectory, sync: false } },
    eyes: new Eyes(store),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pushImage } from '../protocol/pushing.ts';
import { promote } from '../release/promoting.ts';
import { newBytes } from '../support/bytes.ts';
import { eventually } from '../support/eventually.ts';
import type { Image } from '../support/image.ts';
import { mountAt } from '../support/mounts.ts';
import { freePort, isListening } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { type Cluster, PASSWORD, SCRAPE_TOKEN, startCluster } from './cluster.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';
import { startTraffic, type Traffic } from './traffic.ts';

/** A blob this large is redirected; smaller ones are answered by the node. */
const LAYER_BYTES = 70_000;
/** Each is looked up in the store once a second. */
export const TAGS = 20;

/** A cluster with clients, and a Prometheus that scrapes it. */
export interface World extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly prometheus: Prometheus;
  readonly traffic: Traffic;
  /** On both mirrors. */
  readonly released: Image;
  /** A small file system that node_exporter watches. */
  readonly disk: string;
  /** Pushes a new image and promotes it; returns the lines of the answer. */
  release(tag: string): Promise<{ image: Image; events: string[] }>;
  /** Lets clients do what dashboards show besides pulls: a push, a promotion, logins, good and bad. */
  everything(): Promise<void>;
}

/** Starts it all, and returns when both mirrors are used. */
export async function startWorld(): Promise<World> {
  await using held = new AsyncDisposableStack();
  const cluster = held.use(await startCluster());
  const disk = join(cluster.home, 'disk');
  held.use(await mountAt(disk, ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs']));
  const exporterPort = await freePort();
  held.use(
    await startDaemon(
      'prometheus-node-exporter',
      [
        `--web.listen-address=127.0.0.1:${exporterPort}`,
        '--collector.disable-defaults',
        '--collector.filesystem',
      ],
      { ready: () => isListening(exporterPort) },
    ),
  );
  const tokenFile = join(cluster.home, 'scrape.token');
  await writeFile(tokenFile, SCRAPE_TOKEN);
  const prometheus = held.use(
    await startPrometheus(
      [
        ...cluster.all.map(({ role, debugPort }) => ({
          ...{ job: 'roadstead', role, address: `127.0.0.1:${debugPort}` },
        })),
        { job: 'roadstead-machines', address: `127.0.0.1:${exporterPort}` },
      ],
      {
        '/etc/prometheus/roadstead.token': tokenFile,
        '/etc/prometheus/roadstead-ca.pem': cluster.authority.certificate,
      },
    ),
  );
  const release = async (tag: string) => {
    const image = await pushImage(cluster.apiUrl, 'candidate/app', tag, [newBytes(LAYER_BYTES)]);
    const { lines } = await promote(cluster.releaseUrl, `candidate/app:${tag}`, `stable/app:${tag}`);
    return { image, events: lines.map(({ event }) => event) };
  };
  const { image: released } = await release('first');
  const tags = Array.from({ length: TAGS }, (_, i) => `tag-${i}`);
  const plain = await pushImage(cluster.apiUrl, 'candidate/many', 'first');
  for (const tag of tags)
    await fetch(`${cluster.apiUrl}/v2/candidate/many/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': plain.mediaType },
      body: new Uint8Array(plain.bytes),
    });
  // A layer comes from a mirror, the config from the node.
  const blobs = [...released.layers, released.config].map(({ digest }) => digest);
  const traffic = held.use(
    startTraffic(cluster.apiUrl, [
      { name: 'stable/app', tag: 'first', blobs },
      ...tags.map((tag) => ({ name: 'candidate/many', tag, blobs: [] })),
    ]),
  );
  let releases = 0;
  const logIn = (password: string) =>
    fetch(`${cluster.tokenUrl}/auth/token?service=registry.test`, {
      headers: { authorization: `Basic ${Buffer.from(`builder:${password}`).toString('base64')}` },
    });
  const everything = async () => {
    await Promise.all([release(`more-${++releases}`), logIn(PASSWORD), logIn('a wrong one')]);
  };
  const isUsed = async () => (await prometheus.query('min(roadstead_mirror_up) == 1')).length > 0;
  await eventually('both mirrors are used', isUsed, 60_000, 250);
  const stack = held.move();
  return {
    ...{ cluster, prometheus, traffic, released, disk, release, everything },
    async [Symbol.asyncDispose]() {
      await rm(join(disk, 'full'), { force: true });
      await stack.disposeAsync();
    },
  };
}

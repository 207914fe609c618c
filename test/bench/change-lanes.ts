import { randomUUID } from 'node:crypto';
import pMap from 'p-map';
import { cpuSeconds } from '../support/cpu.ts';
import { Image, MEDIA_TYPES } from '../support/image.ts';
import type { Field } from './field.ts';
import { type BenchImage, CANDIDATE } from './image.ts';
import { askFor } from './load/http.ts';
import { pushImage } from './load/upload.ts';
import type { Lane, Sample } from './measure.ts';
import type { Contender, RegistryServer } from './servers/server.ts';

/** Changes in one measurement. */
const CHANGES = 100;
const WARM_UP = 20;
/** Few, since a delete of a manifest reads every tag. */
const TAGS = 10;

/** A kind of change of one repository's manifests. */
export interface ChangeCase {
  readonly title: string;
  /** How many are under way at the same time. */
  readonly atOnce: number;
  /** Made before, outside of the measurement, of each manifest. */
  readonly prepare?: Change;
  readonly change: Change;
}

type Change = (url: string, manifest: Image, number: number) => Promise<unknown>;

const putByTag: Change = (url, manifest, number) => put(url, manifest, `t${number % TAGS}`);
const putByDigest: Change = (url, manifest) => put(url, manifest, manifest.digest);
const deleteByDigest: Change = (url, { digest }) =>
  askFor(202, `${url}/v2/${CANDIDATE}/manifests/${digest}`, { method: 'DELETE' });

export const CHANGE_CASES: readonly ChangeCase[] = [
  { title: 'PUT by tag', atOnce: 1, change: putByTag },
  { title: 'PUT by tag, 8 at once', atOnce: 8, change: putByTag },
  { title: 'PUT by digest', atOnce: 1, change: putByDigest },
  { title: 'DELETE by digest', atOnce: 1, prepare: putByDigest, change: deleteByDigest },
];

/** The registries that changes are measured on. */
export function changeLanes(
  { roadstead, lean, dockerRegistry }: Field,
  image: BenchImage,
  of: ChangeCase,
): Lane[] {
  const lane = (contender: Contender, label: string, server: RegistryServer): Lane => ({
    ...{ contender, label },
    async warmUp() {
      await pushImage(server.url, CANDIDATE, image);
      await measure(server, image, of, WARM_UP);
    },
    measure: () => measure(server, image, of, CHANGES),
  });
  return [
    lane('roadstead', 'Roadstead', roadstead),
    lane('lean', 'Roadstead, sync: false', lean),
    ...(dockerRegistry ? [lane('docker-registry', 'docker-registry', dockerRegistry)] : []),
  ];
}

async function measure(
  { url, daemon }: RegistryServer,
  { manifest: { config, layers } }: BenchImage,
  { atOnce: concurrency, prepare, change }: ChangeCase,
  count: number,
): Promise<Sample> {
  const manifests = Array.from(
    { length: count },
    () => new Image({ config, layers, annotations: { number: randomUUID() } }),
  );
  if (prepare) await pMap(manifests, (manifest, i) => prepare(url, manifest, i), { concurrency });
  const [cpuBefore, startedAt] = [cpuSeconds(daemon.pid), performance.now()];
  await pMap(manifests, (manifest, i) => change(url, manifest, i), { concurrency });
  const seconds = (performance.now() - startedAt) / 1000;
  return { rate: count / seconds, cpuSeconds: (cpuSeconds(daemon.pid) - cpuBefore) / count };
}

function put(url: string, { bytes }: Image, reference: string): Promise<unknown> {
  const headers = { 'Content-Type': MEDIA_TYPES.image };
  return askFor(201, `${url}/v2/${CANDIDATE}/manifests/${reference}`, {
    ...{ method: 'PUT', headers, body: bytes },
  });
}

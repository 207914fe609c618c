import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pMap from 'p-map';
import { cpuSeconds } from '../support/cpu.ts';
import type { Field } from './field.ts';
import { ask } from './load/http.ts';
import { wrk } from './load/wrk.ts';
import type { Lane, Sample } from './measure.ts';
import type { RegistryServer } from './servers/server.ts';

/** The page that is asked for, and out of how many it is taken. */
const PAGE = 100;
const TAGS = { 'few-tags': 1_000, 'many-tags': 100_000 } as const;
/** As version tags are: each has others as its beginnings. */
const TAGS_A_SERIES = 100;
const CONNECTIONS = 8;
/** A directory that has just changed is not remembered yet. */
const SETTLED_MS = 1_000;

/** A page of tags out of a thousand, and out of a hundred thousand, at the same server. */
export async function tagLanes({ lean }: Field, seconds: number): Promise<Lane[]> {
  for (const count of Object.values(TAGS)) await makeTags(lean, count);
  await sleep(SETTLED_MS);
  return (['few-tags', 'many-tags'] as const).map((contender) => {
    const count = TAGS[contender];
    const middle = `v${count / TAGS_A_SERIES / 2}.0`;
    const url = `${lean.url}/v2/${repository(count)}/tags/list?n=${PAGE}&last=${middle}`;
    return {
      contender,
      label: `out of ${count.toLocaleString('en')}`,
      async warmUp() {
        await check(url);
        await measure(lean, url, 1);
      },
      measure: () => measure(lean, url, seconds),
    };
  });
}

function repository(count: number): string {
  return `bench/tags-${count}`;
}

/** Written as the layout has them: pushing so many would take longer than measuring. */
async function makeTags({ rootDirectory }: RegistryServer, count: number): Promise<void> {
  const base = `${rootDirectory}/docker/registry/v2/repositories/${repository(count)}/_manifests/tags`;
  const numbers = Array.from({ length: count }, (_, i) => i);
  await pMap(
    numbers,
    async (i) => {
      const tag = `v${Math.floor(i / TAGS_A_SERIES)}.${i % TAGS_A_SERIES}`;
      const directory = join(base, tag, 'current');
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'link'), `sha256:${'0'.repeat(64)}`);
    },
    { concurrency: 16 },
  );
}

async function check(url: string): Promise<void> {
  const answer = await ask(url, { wantsBody: true });
  const { tags } = JSON.parse(answer.body.toString('utf8')) as { tags: string[] };
  if (answer.status !== 200 || tags.length !== PAGE) throw new Error(`GET ${url}: not a page of ${PAGE}`);
}

async function measure({ daemon }: RegistryServer, url: string, seconds: number): Promise<Sample> {
  const before = cpuSeconds(daemon.pid);
  const result = await wrk(url, { connections: CONNECTIONS, seconds });
  const used = cpuSeconds(daemon.pid) - before;
  return {
    rate: result.requests / result.seconds,
    cpuSeconds: used / result.requests,
    p99Ms: result.p99Ms,
  };
}

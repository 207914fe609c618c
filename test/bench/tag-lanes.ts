import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from '../support/cpu.ts';
import { ask } from './load/http.ts';
import { wrk } from './load/wrk.ts';
import type { Lane, Sample } from './measure.ts';
import type { Server } from './servers/server.ts';
import type { TagStore } from './tag-stores/tag-store.ts';

/** The page that is asked for, and out of how many it is taken. */
const PAGE = 100;
const TAGS = { 'few-tags': 1_000, 'many-tags': 100_000 } as const;
/** As version tags are: each has others as its beginnings. */
const TAGS_A_SERIES = 100;
const CONNECTIONS = 8;
/** A directory that has just changed is not remembered yet. */
const SETTLED_MS = 1_000;

/** A page of tags out of a thousand, and out of a hundred thousand, at the same server. */
export async function tagLanes(store: TagStore, seconds: number): Promise<Lane[]> {
  for (const count of Object.values(TAGS)) await store.makeTags(repository(count), tags(count));
  await sleep(SETTLED_MS);
  return (['few-tags', 'many-tags'] as const).map((contender) => {
    const count = TAGS[contender];
    const middle = `v${count / TAGS_A_SERIES / 2}.0`;
    const url = `${store.server.url}/v2/${repository(count)}/tags/list?n=${PAGE}&last=${middle}`;
    return {
      contender,
      label: `out of ${count.toLocaleString('en')}`,
      async warmUp() {
        await check(url);
        await measure(store.server, url, 1);
      },
      measure: () => measure(store.server, url, seconds),
    };
  });
}

function repository(count: number): string {
  return `bench/tags-${count}`;
}

function tags(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `v${Math.floor(i / TAGS_A_SERIES)}.${i % TAGS_A_SERIES}`);
}

async function check(url: string): Promise<void> {
  const answer = await ask(url, { wantsBody: true });
  const { tags } = JSON.parse(answer.body.toString('utf8')) as { tags: string[] };
  if (answer.status !== 200 || tags.length !== PAGE) throw new Error(`GET ${url}: not a page of ${PAGE}`);
}

async function measure({ daemon }: Server, url: string, seconds: number): Promise<Sample> {
  const before = cpuSeconds(daemon.pid);
  const result = await wrk(url, { connections: CONNECTIONS, seconds });
  const used = cpuSeconds(daemon.pid) - before;
  return {
    rate: result.requests / result.seconds,
    cpuSeconds: used / result.requests,
    p99Ms: result.p99Ms,
  };
}

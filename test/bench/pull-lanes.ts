import { cpuSeconds } from '../support/cpu.ts';
import type { Field } from './field.ts';
import { MANIFEST_TYPE } from './image.ts';
import { ask } from './load/http.ts';
import { wrk } from './load/wrk.ts';
import type { Lane, Sample } from './measure.ts';
import type { PullCase } from './pulls.ts';
import type { Contender, Server } from './servers/server.ts';

const WARM_UP_SECONDS = 1;

/** The servers that a GET is measured on. */
export function pullLanes(field: Field, pull: PullCase, seconds: number): Lane[] {
  const peer = pull.id === 'blob-redirect' ? field.dockerRegistryRedirecting : field.dockerRegistry;
  return [
    lane('bare', 'bare node:http', field.bare, pull, seconds),
    lane('roadstead', 'Roadstead', field.roadstead, pull, seconds),
    lane('lean', 'Roadstead, no access log', field.lean, pull, seconds),
    ...(peer ? [lane('docker-registry', 'docker-registry', peer, pull, seconds)] : []),
  ];
}

function lane(contender: Contender, label: string, server: Server, pull: PullCase, seconds: number): Lane {
  return {
    contender,
    label,
    async warmUp() {
      await check(server, pull);
      await measure(server, pull, WARM_UP_SECONDS);
    },
    measure: () => measure(server, pull, seconds),
  };
}

/** That a server answers what is to be measured has to be seen before its speed means anything. */
async function check({ url }: Server, { path, statuses, bodyBytes }: PullCase): Promise<void> {
  const headers = { Accept: MANIFEST_TYPE };
  const answer = await ask(`${url}${path}`, { headers, wantsBody: bodyBytes === undefined });
  const isExpected = statuses.includes(answer.status);
  const isWhole = bodyBytes === undefined || Number(answer.headers['content-length']) === bodyBytes;
  if (!isExpected || !isWhole)
    throw new Error(`GET ${url}${path}: not what is to be measured: ${answer.status}`);
}

async function measure({ url, daemon }: Server, pull: PullCase, seconds: number): Promise<Sample> {
  const before = cpuSeconds(daemon.pid);
  const result = await wrk(`${url}${pull.path}`, { connections: pull.connections, seconds });
  const used = cpuSeconds(daemon.pid) - before;
  const answers = pull.bodyBytes === undefined ? result.requests : result.readBytes / pull.bodyBytes;
  return { rate: answers / result.seconds, cpuSeconds: used / answers, p99Ms: result.p99Ms };
}

import { cpuSeconds } from '../support/cpu.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import type { Field } from './field.ts';
import { ask } from './load/http.ts';
import { wrk } from './load/wrk.ts';
import type { Lane, Sample } from './measure.ts';
import type { PullCase } from './pulls.ts';
import type { Contender, Server } from './servers/server.ts';

const WARM_UP_SECONDS = 1;
const REDIRECT_MAX_BYTES = 4096;

/** The servers that a GET is measured on. */
export function pullLanes(field: Field, pull: PullCase, seconds: number): Lane[] {
  const peer = pull.id === 'blob-redirect' ? field.dockerRegistryRedirecting : field.dockerRegistry;
  return [
    lane('bare', 'bare node:http', field.bare, pull, seconds),
    lane('roadstead', 'Roadstead', field.roadstead, pull, seconds),
    lane('lean', 'Roadstead, no access log', field.lean, pull, seconds),
    ...(peer ? [lane('docker-registry', 'docker-registry', peer, pull, seconds)] : []),
    // Bytes cost the same whoever gets them.
    ...(pull.bodyBytes === undefined ? authenticatorLanes(field, pull, seconds) : []),
  ];
}

/** One process, asked by the anonymous and by somebody with a token: what a token costs, and nothing else. */
function authenticatorLanes({ guarded }: Field, pull: PullCase, seconds: number): Lane[] {
  return [
    lane('anonymous', 'Roadstead with a door, anonymous', guarded, pull, seconds),
    lane('authorised', 'Roadstead with a door, by token', guarded, pull, seconds, guarded.authorization),
  ];
}

function lane(
  contender: Contender,
  label: string,
  server: Server,
  pull: PullCase,
  seconds: number,
  authorization?: string,
): Lane {
  return {
    contender,
    label,
    async warmUp() {
      await check(server, pull, authorization);
      await measure(server, pull, WARM_UP_SECONDS, authorization);
    },
    measure: () => measure(server, pull, seconds, authorization),
  };
}

/** That a server answers what is to be measured has to be seen before its speed means anything. */
async function check(
  { url }: Server,
  { path, statuses, bodyBytes }: PullCase,
  authorization: string | undefined,
): Promise<void> {
  const headers = { Accept: MEDIA_TYPES.image, ...(authorization !== undefined && { authorization }) };
  const answer = await ask(`${url}${path}`, { headers, wantsBody: bodyBytes === undefined });
  const isExpected = statuses.includes(answer.status);
  const isWhole = bodyBytes === undefined || Number(answer.headers['content-length']) === bodyBytes;
  if (!isExpected || !isWhole)
    throw new Error(
      `GET ${url}${path}: not what is to be measured: ${answer.status} ${answer.headers['roadstead-decision'] ?? ''}`,
    );
}

async function measure(
  { url, daemon }: Server,
  pull: PullCase,
  seconds: number,
  authorization: string | undefined,
): Promise<Sample> {
  const before = cpuSeconds(daemon.pid);
  const isRedirect = !pull.statuses.includes(200);
  const result = await wrk(`${url}${pull.path}`, {
    ...{ connections: pull.connections, seconds, authorization },
    areClientsDistinct: isRedirect,
  });
  if (isRedirect && result.readBytes / result.requests > REDIRECT_MAX_BYTES)
    throw new Error(`GET ${url}${pull.path}: not what is to be measured: bytes instead of redirects`);
  const used = cpuSeconds(daemon.pid) - before;
  const answers = pull.bodyBytes === undefined ? result.requests : result.readBytes / pull.bodyBytes;
  return { rate: answers / result.seconds, cpuSeconds: used / answers, p99Ms: result.p99Ms };
}

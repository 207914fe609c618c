import { fileURLToPath } from 'node:url';
import { MEDIA_TYPES } from '../../support/image.ts';
import { run } from '../../support/process.ts';

/** What a run of wrk found. */
export interface WrkResult {
  readonly requests: number;
  readonly readBytes: number;
  readonly seconds: number;
  readonly p99Ms: number;
}

const DISTINCT_CLIENTS = fileURLToPath(new URL('./distinct-clients.lua', import.meta.url));
const PATIENCE_MS = 60_000;
const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

export interface WrkOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly authorization?: string | undefined;
  /** Each request as if from another client: to have a registry redirect them all. */
  readonly areClientsDistinct?: boolean;
}

/** Asks for a URL as often as it can. Throws if answers were errors: a fast failure is not a fast server. */
export async function wrk(url: string, options: WrkOptions): Promise<WrkResult> {
  const { connections, seconds, authorization, areClientsDistinct } = options;
  const load = ['-t2', `-c${connections}`, `-d${seconds}s`, '--latency', '--timeout', '30s'];
  const headers = ['-H', `Accept: ${MEDIA_TYPES.image}`];
  if (authorization !== undefined) headers.push('-H', `Authorization: ${authorization}`);
  const script = areClientsDistinct ? ['-s', DISTINCT_CLIENTS] : [];
  const { stdout } = await run('wrk', [...load, ...headers, ...script, url], {
    timeoutMs: seconds * 1000 + PATIENCE_MS,
  });
  return parseWrk(url, stdout);
}

/** Reads wrk's report. Redirects are no errors to it: it counts only what is beyond 399. */
export function parseWrk(url: string, output: string): WrkResult {
  const trouble = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(output)?.[1];
  if (trouble !== undefined) throw new Error(`wrk ${url}: ${trouble}`);
  const total = /(\d+) requests in ([\d.]+)(us|ms|s|m), ([\d.]+)([KMGT]?B) read/.exec(output);
  const p99 = /^\s*99%\s+([\d.]+)(us|ms|s|m)\s*$/m.exec(output);
  if (!total || !p99) throw new Error(`wrk ${url}: a report of another kind than expected\n${output}`);
  return {
    requests: Number(total[1]),
    seconds: (Number(total[2]) * unit(MILLISECONDS, total[3])) / 1000,
    readBytes: Number(total[4]) * unit(BYTES, total[5]),
    p99Ms: Number(p99[1]) * unit(MILLISECONDS, p99[2]),
  };
}

function unit(units: Readonly<Record<string, number>>, name = ''): number {
  return units[name] ?? Number.NaN;
}

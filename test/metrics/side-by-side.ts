import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { send } from '../protocol/wire.ts';
import { CLI } from '../support/cli.ts';
import { sha256 } from '../support/digest.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

/** What requests are sent with: bytes that could end a quoted value. */
export const SENT = {
  'user-agent': 'docker/24.0.5 "quoted" back\\slash',
  referer: 'https://images.example/page',
} as const;
export const BLOB = Buffer.from('hello');
export const DIGEST = sha256(BLOB);

/** What a program wrote and counted after the same requests. */
export interface Traces {
  readonly port: number;
  /** Standard output and standard error. */
  readonly log: string;
  readonly scrape: string;
}

/** Starts a program with a configuration that both understand, sends the requests, and stops it. */
export async function tracesOf(program: 'docker-registry' | 'roadstead', log: object): Promise<Traces> {
  await using home = await tempDir('side-by-side');
  const [port, debugPort] = [await freePort(), await freePort()];
  const config = {
    version: 0.1,
    log: { level: 'info', ...log },
    storage: {
      filesystem: { rootdirectory: join(home.path, 'store') },
      cache: { blobdescriptor: 'inmemory' },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      secret: '8d1f0c6be2a94735b0e7c85d21f3a694',
      debug: { addr: `127.0.0.1:${debugPort}`, prometheus: { enabled: true, path: '/metrics' } },
    },
  };
  const [path, logFile] = [join(home.path, 'config.yml'), join(home.path, 'log')];
  await writeFile(path, stringify(config));
  const [command, args] =
    program === 'roadstead' ? [process.execPath, [...CLI, 'api']] : ['docker-registry', ['serve']];
  const url = `http://127.0.0.1:${port}`;
  const written = () => readFileSync(logFile, 'utf8');
  let scrape = '';
  {
    await using _running = await startDaemon(command, [...args, path], {
      logFile,
      ready: async () => (await fetch(`${url}/v2/`)).ok,
    });
    await sendRequests(url);
    await eventually('the last request is logged', () => written().includes('/v2/none/tags/list'));
    scrape = await (await fetch(`http://127.0.0.1:${debugPort}/metrics`)).text();
  }
  return { port, log: written(), scrape };
}

/** One of each kind that Distribution has a handler for; the last is the list of tags. */
async function sendRequests(url: string): Promise<void> {
  const headers = { ...SENT };
  const begun = await send(url, '/v2/a/b/blobs/uploads/', { method: 'POST', headers });
  const location = new URL(String(begun.headers['location']), url);
  location.searchParams.set('digest', DIGEST);
  const end = `${location.pathname}${location.search}`;
  await send(url, end, {
    ...{ method: 'PUT', body: BLOB },
    headers: { ...headers, 'content-type': 'application/octet-stream' },
  });
  const blob = `/v2/a/b/blobs/${DIGEST}`;
  await send(url, blob, { headers });
  await send(url, blob, { headers });
  await send(url, blob, { method: 'HEAD', headers });
  for (const path of ['/v2/', '/v2/_catalog', '/v2/a/b/manifests/none', '/v2/none/tags/list'])
    await send(url, path, { headers });
}

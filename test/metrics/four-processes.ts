import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { type Dispatcher, request } from 'undici';
import { parse, stringify } from 'yaml';
import { CLI } from '../support/cli.ts';
import { sha256 } from '../support/digest.ts';
import { freePort } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { tempDir } from '../support/temp.ts';

const SWIFT = new URL('../../infra/cluster.yml', import.meta.url);
export const PROCESSES = ['api', 'token', 'release', 'sync'] as const;
export type Process = (typeof PROCESSES)[number];

/** What a scrape of a process showed. */
export type Scrapes = Readonly<Record<Process, string>>;

/** The processes that infra/cluster.yml names, on this machine, each started with one file. */
export interface FourProcesses extends AsyncDisposable {
  readonly apiUrl: string;
  readonly tokenUrl: string;
  /** By process. */
  readonly debugUrls: Readonly<Record<Process, string>>;
  readonly redis: RedisServer;
  readonly password: string;
  scrape(headers?: Readonly<Record<string, string>>): Promise<Scrapes>;
  /** A token of the user `ann` for a scope. */
  token(scope: string, password?: string): Promise<string>;
  /** Pushes a blob to `ann/images`; returns its digest. */
  push(bytes: Buffer): Promise<string>;
}

/** A configuration, as the file has it. */
export type Tree = Record<string, unknown>;

/**
 * Starts all four from a copy of the shipped file. Different are only the ports, which are free ones, and what this machine
 * has not: Swift is a directory, Keystone an htpasswd file, Redis another one. `more` changes the copy further.
 */
export async function startFourProcesses(
  more: (config: Tree, home: string) => Promise<Tree> | Tree = (config) => config,
  /** Makes the connections of scrapes. */
  dispatcher?: Dispatcher,
  shippedFile = SWIFT,
): Promise<FourProcesses> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('four'));
  const redis = held.use(await startRedis());
  const password = 'a password';
  await writeFile(join(home.path, 'htpasswd'), `ann:${await bcrypt.hash(password, 4)}\n`);
  const { text, portOf } = await withFreePorts(await readFile(shippedFile, 'utf8'));
  const shipped = parse(text) as Tree;
  const config = {
    ...shipped,
    storage: { filesystem: { rootdirectory: join(home.path, 'store'), sync: false } },
    accounts: [{ htpasswd: { path: join(home.path, 'htpasswd') } }],
    redis: { addrs: [redis.address] },
  };
  const path = join(home.path, 'cluster.yml');
  const changed = await more(config, home.path);
  await writeFile(path, stringify(changed));
  const env = { REGISTRY_HTTP_SECRET: '8d1f0c6be2a94735b0e7c85d21f3a694' };
  const debug = { api: 5001, token: 5011, release: 5012, sync: 5013 } as const;
  const urlAt = (port: number, scheme = 'http') => `${scheme}://127.0.0.1:${portOf(port)}`;
  const isTls = (changed['http'] as { debug: Tree }).debug['tls'] !== undefined;
  const get = getterOf(dispatcher);
  const debugUrls = Object.fromEntries(
    PROCESSES.map((name) => [name, urlAt(debug[name], isTls ? 'https' : 'http')]),
  ) as Record<Process, string>;
  await Promise.all(
    PROCESSES.map(async (name) =>
      held.use(
        await startDaemon(process.execPath, [...CLI, name, path], {
          env,
          logFile: join(home.path, `${name}.log`),
          ready: async () => (await get(`${debugUrls[name]}/readyz`)).status === 200,
        }),
      ),
    ),
  );
  const [apiUrl, tokenUrl] = [urlAt(5000), urlAt(5003)];
  const token = async (scope: string, given = password) => {
    const query = new URLSearchParams({ service: 'registry.example.net', scope });
    const authorization = `Basic ${Buffer.from(`ann:${given}`).toString('base64')}`;
    const answer = await fetch(`${tokenUrl}/auth/token?${query}`, { headers: { authorization } });
    return ((await answer.json()) as { token: string }).token;
  };
  const all = held.move();
  return {
    ...{ apiUrl, tokenUrl, debugUrls, redis, password, token },
    async scrape(headers) {
      const shown = await Promise.all(
        PROCESSES.map(async (name) => [name, (await get(`${debugUrls[name]}/metrics`, headers)).text]),
      );
      return Object.fromEntries(shown) as Scrapes;
    },
    async push(bytes) {
      const authorization = `Bearer ${await token('repository:ann/images:pull,push')}`;
      const digest = sha256(bytes);
      const url = `${apiUrl}/v2/ann/images/blobs/uploads/?digest=${digest}`;
      const answer = await fetch(url, { method: 'POST', body: bytes, headers: { authorization } });
      if (answer.status !== 201)
        throw new Error(`the push was answered ${answer.status}: ${await answer.text()}`);
      return digest;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** The text with a free port for each of its ports on loopback, and which one that is. */
async function withFreePorts(text: string): Promise<{ text: string; portOf: (port: number) => number }> {
  const named = new Set([...text.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)));
  const ports = new Map<number, number>();
  for (const port of named) ports.set(port, await freePort());
  const portOf = (port: number) => {
    const free = ports.get(port);
    if (free === undefined) throw new Error(`the shipped file has no port ${port} any more`);
    return free;
  };
  const replaced = text.replaceAll(
    /127\.0\.0\.1:(\d+)/g,
    (_, port: string) => `127.0.0.1:${portOf(Number(port))}`,
  );
  return { text: replaced, portOf };
}

function getterOf(dispatcher: Dispatcher | undefined) {
  return async (url: string, headers: Readonly<Record<string, string>> = {}) => {
    const { statusCode, body } = await request(url, { headers, ...(dispatcher && { dispatcher }) });
    return { status: statusCode, text: await body.text() };
  };
}

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dispatcher, Pool } from 'undici';
import { stringify } from 'yaml';
import { CLI } from '../support/cli.ts';
import { freePort } from '../support/ports.ts';
import { startDaemon } from '../support/process.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { tempDir } from '../support/temp.ts';

/** An API node, and a client of it that keeps its connections. */
export interface TestNode extends AsyncDisposable {
  readonly url: string;
  get(path: string): Promise<{ readonly status: number; readonly digest: string; readonly body: Buffer }>;
  put(path: string, body: Buffer, mediaType: string): Promise<number>;
  delete(path: string): Promise<number>;
  /** What the metrics say of Redis. */
  metrics(): Promise<string>;
  log(): string;
}

/** Two API nodes over one store, and the Redis between them. */
export interface TwoNodes extends AsyncDisposable {
  readonly here: TestNode;
  readonly there: TestNode;
  readonly redis: RedisServer;
}

/** Starts it all. */
export async function startTwoNodes(): Promise<TwoNodes> {
  await using held = new AsyncDisposableStack();
  const redis = held.use(await startRedis());
  const nodes = held.use(await startNodesAt(redis.address));
  const all = held.move();
  return { ...nodes, redis, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Starts two nodes that reach their Redis there. */
export async function startNodesAt(redisAddress: string): Promise<Omit<TwoNodes, 'redis'>> {
  await using held = new AsyncDisposableStack();
  const home = held.use(await tempDir('nodes'));
  const section = { addr: redisAddress };
  const here = held.use(await startNode(home.path, 'here', section));
  const there = held.use(await startNode(home.path, 'there', section));
  const all = held.move();
  return { here, there, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function startNode(home: string, name: string, redis: Record<string, unknown>): Promise<TestNode> {
  const [port, debugPort] = [await freePort(), await freePort()];
  const [configPath, logFile] = [join(home, `${name}.yml`), join(home, `${name}.log`)];
  await writeFile(
    configPath,
    stringify({
      ...{ version: 0.1, redis },
      storage: { filesystem: { rootdirectory: join(home, 'store'), sync: false }, delete: { enabled: true } },
      http: { addr: `127.0.0.1:${port}`, debug: { addr: `127.0.0.1:${debugPort}` } },
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  const daemon = await startDaemon(process.execPath, [...CLI, 'api', configPath], {
    ready: async () => (await fetch(`${url}/readyz`)).ok,
    logFile,
  });
  const pool = new Pool(url, { connections: 16, headersTimeout: 20_000 });
  const request = async (options: Omit<Dispatcher.RequestOptions, 'origin'>) => {
    const { statusCode, headers, body } = await pool.request(options);
    return { statusCode, headers, body: Buffer.from(await body.arrayBuffer()) };
  };
  return {
    url,
    async get(path) {
      const { statusCode, headers, body } = await request({ method: 'GET', path });
      return { status: statusCode, digest: String(headers['docker-content-digest']), body };
    },
    async put(path, body, mediaType) {
      const headers = { 'content-type': mediaType };
      return (await request({ method: 'PUT', path, body, headers })).statusCode;
    },
    delete: async (path) => (await request({ method: 'DELETE', path })).statusCode,
    metrics: async () => (await fetch(`http://127.0.0.1:${debugPort}/metrics`)).text(),
    log: () => readFileSync(logFile, 'utf8'),
    async [Symbol.asyncDispose]() {
      await pool.destroy();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

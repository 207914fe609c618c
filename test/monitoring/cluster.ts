import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcrypt';
import { daysFromNow, makePair, type Pair } from '../http/certificates.ts';
import { type Receiver, startReceiver } from '../notifications/receiver.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type NginxMirror, startNginxMirror } from '../support/nginx-mirror.ts';
import { freePort } from '../support/ports.ts';
import { type Radosgw, startRadosgw } from '../support/radosgw.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { tempDir } from '../support/temp.ts';
import { type Process, startProcess } from './processes.ts';

const SECRET = 'the same on every node, and nobody can guess it';
/** Of `builder`. */
export const PASSWORD = 'the right one';
export const SCRAPE_TOKEN = 'c2NyYXBlcy1vZi10aGUtdGVzdHMtb25seQ';
/** Of the second node: few, so that a test can use them up. */
const CONNECTIONS = 40;
const FILES = 120;
const QUEUE_LIMIT = 20;

/** A whole installation over Ceph's S3: two API nodes, and one of each other process. */
export interface Cluster extends AsyncDisposable {
  readonly home: string;
  /** Serves plain HTTP, to clients. */
  readonly api: Process;
  /** Serves TLS, and has room for few connections. */
  readonly second: Process;
  readonly token: Process;
  readonly release: Process;
  readonly sync: Process;
  readonly all: readonly Process[];
  readonly apiUrl: string;
  readonly secondPort: number;
  readonly tokenUrl: string;
  readonly releaseUrl: string;
  /** Between each process and the store, by the name of the process. */
  readonly store: Readonly<Record<'api' | 'second' | 'token' | 'release' | 'sync', FaultProxy>>;
  readonly radosgw: Radosgw;
  readonly bucket: string;
  readonly redis: RedisServer;
  readonly mirrors: readonly [NginxMirror, NginxMirror];
  /** Between the worker and the mirrors. */
  readonly dav: readonly [FaultProxy, FaultProxy];
  readonly receiver: Receiver;
  /** Of the second API node. */
  readonly pair: Pair;
  readonly authority: Pair;
}

/** Starts all of it. */
export async function startCluster(): Promise<Cluster> {
  await using held = new AsyncDisposableStack();
  const { path: home } = held.use(await tempDir('monitoring'));
  const [radosgw, redis, receiver] = await Promise.all([startRadosgw(), startRedis(), startReceiver()]);
  for (const each of [radosgw, redis, receiver]) held.use(each);
  const { bucket } = await radosgw.newBucket();
  const proxy = async () => held.use(await startFaultProxy(radosgw.endpoint));
  const store = {
    ...{ api: await proxy(), second: await proxy(), token: await proxy(), release: await proxy() },
    sync: await proxy(),
  };
  const ports = {
    api: await freePort(),
    second: await freePort(),
    token: await freePort(),
    release: await freePort(),
  };
  const debugPorts = { ...ports, sync: 0 };
  for (const name of Object.keys(debugPorts) as (keyof typeof debugPorts)[])
    debugPorts[name] = await freePort();
  const apiUrl = `http://127.0.0.1:${ports.api}`;
  const tokenUrl = `http://127.0.0.1:${ports.token}`;

  const authority = await makePair(home, { name: 'authority', to: daysFromNow(30) });
  const pair = await makePair(home, {
    name: 'second',
    by: authority,
    isAuthority: false,
    to: daysFromNow(20),
  });
  const scraped = await makePair(home, {
    name: 'scraped',
    by: authority,
    isAuthority: false,
    to: daysFromNow(20),
  });
  const people = join(home, 'htpasswd');
  await writeFile(people, `builder:${hashSync(PASSWORD, 4)}\n`);

  const mirror = async (name: string) =>
    held.use(await startNginxMirror({ root: join(home, name), originUrl: apiUrl }));
  await mkdir(home, { recursive: true });
  const mirrors = [await mirror('m1'), await mirror('m2')] as const;
  const dav = [
    held.use(await startFaultProxy(mirrors[0].davUrl)),
    held.use(await startFaultProxy(mirrors[1].davUrl)),
  ] as const;

  const configOf = (name: keyof typeof store) => ({
    version: 0.1,
    storage: {
      s3: {
        ...{ region: 'us-east-1', regionendpoint: store[name].endpoint, bucket },
        ...{ accesskey: radosgw.credentials.accessKey, secretkey: radosgw.credentials.secretKey },
      },
      delete: { enabled: true },
    },
    http: {
      addr: `127.0.0.1:${name === 'second' ? ports.second : ports.api}`,
      ...{ host: apiUrl, secret: SECRET, draintimeout: '1s' },
      debug: {
        addr: `127.0.0.1:${debugPorts[name]}`,
        // As on machines that Prometheus reaches from elsewhere.
        tls: { certificate: scraped.certificate, key: scraped.key },
        bearertoken: SCRAPE_TOKEN,
      },
      ...(name === 'second' && { tls: { certificate: pair.certificate, key: pair.key } }),
    },
    ...(name === 'second' && { limits: { connections: CONNECTIONS } }),
    auth: { token: { realm: `${tokenUrl}/auth/token`, service: 'registry.test', issuer: 'registry.test' } },
    token: { http: { addr: `127.0.0.1:${ports.token}` } },
    accounts: [{ htpasswd: { path: people } }],
    access: {
      rules: [
        {
          ...{ name: 'all', allow: ['pull', 'push', 'delete', 'promote', 'view'], subjects: ['everyone'] },
        },
      ],
    },
    redis: { addrs: [redis.address] },
    promotion: {
      ...{ candidates: ['candidate/**'], stable: ['stable/**'] },
      http: { addr: `127.0.0.1:${ports.release}` },
    },
    mirrors: mirrors.map(({ url }, i) => ({
      ...{ name: `m${i + 1}`, url, sameoperator: true, write: { webdav: dav[i]?.endpoint } },
    })),
    notifications: {
      endpoints: [
        {
          ...{ name: 'builds', url: receiver.url, timeout: '1s', queuelimit: QUEUE_LIMIT },
          ignore: { actions: ['pull'] },
        },
      ],
    },
    garbagecollection: { enabled: true, interval: '3s', grace: '1h', quarantine: '1h' },
  });
  const start = async (name: keyof typeof store, role: Process['role'], files?: number) =>
    held.use(
      await startProcess({
        ...{ role, name, home, config: configOf(name), debugPort: debugPorts[name] },
        ...(files !== undefined && { files }),
      }),
    );
  const token = await start('token', 'token');
  const [api, second, release, sync] = await Promise.all([
    start('api', 'api'),
    start('second', 'api', FILES),
    start('release', 'release'),
    start('sync', 'sync'),
  ]);
  const stack = held.move();
  return {
    ...{ home, api, second, token, release, sync, all: [api, second, token, release, sync] },
    ...{ apiUrl, secondPort: ports.second, tokenUrl, releaseUrl: `http://127.0.0.1:${ports.release}` },
    ...{ store, radosgw, bucket, redis, mirrors, dav, receiver, pair, authority },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './ports.ts';
import { type Daemon, run, startDaemon } from './process.ts';
import { tempDir } from './temp.ts';

const HOST = '127.0.0.1';

/** PEM files of a server that speaks TLS only; `ca` signs its certificate and its clients'. */
export interface RedisTlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  /** Ask clients for a certificate of that authority. */
  readonly asksClients?: boolean;
}

export interface RedisOptions {
  readonly password?: string;
  readonly tls?: RedisTlsFiles;
  /** More of redis-server's own arguments. */
  readonly args?: readonly string[];
}

/** A real redis-server on loopback that keeps nothing on disk. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Sends a signal; after SIGKILL and SIGTERM it returns when the server has gone. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on its port, with nothing in it. */
  start(): Promise<void>;
  /** `redis-cli ARGS`; answers with what it prints. */
  cli(...args: string[]): Promise<string>;
}

/** Starts one server and waits until it answers. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { password, tls, args = [] } = options;
  const home = await tempDir('redis');
  const port = await freePort();
  const cli = async (...words: string[]) => {
    const { stdout } = await run('redis-cli', [
      ...['-h', HOST, '-p', String(port), '--no-auth-warning'],
      ...(password === undefined ? [] : ['-a', password]),
      ...(tls ? ['--tls', '--cacert', tls.ca, '--cert', tls.certificate, '--key', tls.key] : []),
      ...words,
    ]);
    return stdout.trim();
  };
  const listening = tls
    ? [
        ...['--port', '0', '--tls-port', String(port), '--tls-ca-cert-file', tls.ca],
        ...['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key],
        ...['--tls-auth-clients', tls.asksClients ? 'yes' : 'no'],
      ]
    : ['--port', String(port)];
  const launch = () =>
    startDaemon(
      'redis-server',
      [
        ...['--bind', HOST, '--dir', home.path, '--save', '', '--appendonly', 'no', ...listening],
        ...(password === undefined ? [] : ['--requirepass', password, '--masterauth', password]),
        ...args,
      ],
      { ready: async () => (await cli('ping')) === 'PONG', cwd: home.path },
    );
  let daemon = await launch();
  return {
    ...{ host: HOST, port, address: `${HOST}:${port}`, cli },
    async signal(signal) {
      daemon.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await goneBy(daemon);
    },
    async start() {
      daemon = await launch();
    },
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGCONT');
      await daemon[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** Ready daemons do not hold the event loop; someone has to while we wait for one. */
async function goneBy(daemon: Daemon): Promise<void> {
  const holding = setInterval(() => undefined, 1000);
  await daemon.exit;
  clearInterval(holding);
}

/** A master, its replica, and three Sentinels that watch them under the name `main`. */
export interface RedisSentinels extends AsyncDisposable {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** Of the Sentinels, `127.0.0.1:PORT` each. */
  readonly addresses: readonly string[];
}

/** Starts a group that notices so soon that its master is gone; `password` is that of the Sentinels. */
export async function startSentinels(password: string, downAfterMs: number): Promise<RedisSentinels> {
  await using held = new AsyncDisposableStack();
  const master = held.use(await startRedis());
  const replica = held.use(await startRedis({ args: ['--replicaof', `${HOST} ${master.port}`] }));
  const home = held.use(await tempDir('sentinel'));
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const ask = async (port: number, ...words: string[]) =>
    (await run('redis-cli', ['-h', HOST, '-p', String(port), '--no-auth-warning', '-a', password, ...words]))
      .stdout;
  for (const port of ports) {
    const directory = join(home.path, String(port));
    await mkdir(directory);
    const file = join(directory, 'sentinel.conf');
    await writeFile(
      file,
      [
        `bind ${HOST}`,
        `port ${port}`,
        `dir ${directory}`,
        `requirepass ${password}`,
        `sentinel sentinel-pass ${password}`,
        `sentinel monitor main ${HOST} ${master.port} 2`,
        `sentinel down-after-milliseconds main ${downAfterMs}`,
        'sentinel failover-timeout main 3000',
        '',
      ].join('\n'),
    );
    held.use(
      await startDaemon('redis-server', [file, '--sentinel'], {
        ready: async () => (await ask(port, 'ping')).trim() === 'PONG',
        cwd: directory,
      }),
    );
  }
  const haveMet = async () => {
    const states = await Promise.all(ports.map((port) => ask(port, 'sentinel', 'master', 'main')));
    return states.every((state) => {
      const words = state.split('\n');
      const stateOf = (key: string) => words[words.indexOf(key) + 1];
      return stateOf('num-slaves') === '1' && stateOf('num-other-sentinels') === '2';
    });
  };
  const isSo = () => haveMet().catch(() => false);
  await eventually('the Sentinels know each other and the replica', isSo, 15_000, 100);
  const all = held.move();
  return {
    ...{ master, replica, addresses: ports.map((port) => `${HOST}:${port}`) },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Three masters that share the slots. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[];
}

/** Starts a cluster and waits until every node says that it is whole. */
export async function startCluster(): Promise<RedisCluster> {
  await using held = new AsyncDisposableStack();
  const nodes: RedisServer[] = [];
  for (let i = 0; i < 3; i++) {
    const bus = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];
    nodes.push(
      held.use(
        await startRedis({
          args: [...bus, '--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no'],
        }),
      ),
    );
  }
  const addresses = nodes.map(({ address }) => address);
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  const isWhole = async () => {
    const states = await Promise.all(nodes.map((node) => node.cli('cluster', 'info')));
    return states.every((state) => state.includes('cluster_state:ok'));
  };
  await eventually('the cluster is whole', () => isWhole().catch(() => false), 15_000, 100);
  const all = held.move();
  return { nodes, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

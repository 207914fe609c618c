import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, isListening } from './ports.ts';
import { run, startDaemon } from './process.ts';
import { ENLIST, proxyConfig, SWIFT_RUN, serverConfig, swiftConfig, WRITE_RINGS } from './swift-config.ts';
import { tempDir } from './temp.ts';

/** What a machine needs for `startSwift`, as programs on the PATH. */
export const SWIFT_PROGRAMS = ['swift-proxy-server', 'swift-object-server', 'memcached', 'python3'];

export interface SwiftOptions {
  /** How long a token of TempAuth lives. */
  readonly tokenLifeSeconds?: number;
  /** How many segments a manifest may name; Swift's own default is 1000. */
  readonly maxManifestSegments?: number;
  /** Tokens are Keystone's instead of TempAuth's; its URL without path, and the password of its user `swift`. */
  readonly keystone?: { readonly url: string; readonly servicePassword: string };
  /** Speaks S3 as well (`s3api`): the access key is TempAuth's user, the secret one its key. */
  readonly s3?: boolean;
  /** Where the proxy listens; a free port unless given. */
  readonly port?: number;
  /** Parts of the proxy that are left out, as some providers do (`bulk`, `tempurl`). */
  readonly without?: readonly string[];
}

/** A whole OpenStack Swift: proxy, account, container and object server over one device, and memcached. */
export interface Swift extends AsyncDisposable {
  /** Of the proxy. */
  readonly url: string;
  readonly port: number;
  /** Where TempAuth hands out tokens. */
  readonly authUrl: string;
  /** A user of TempAuth who may do everything in the account. */
  readonly user: string;
  readonly key: string;
  /** A user of the same account who may not do anything yet. */
  readonly stranger: { readonly user: string; readonly key: string };
  /** Makes all tokens of TempAuth invalid, as a restart of memcached does. */
  forgetTokens(): Promise<void>;
  /** Has a container list objects that nobody has put there: for listings so long that putting would take minutes. */
  enlist(container: string, names: readonly string[]): Promise<void>;
}

/** Starts one on loopback, with a state of its own that goes with it; ready in about three seconds. */
export async function startSwift(options: SwiftOptions = {}): Promise<Swift> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('swift'));
  const port = options.port ?? (await freePort());
  const ports = {
    account: await freePort(),
    container: await freePort(),
    object: await freePort(),
    memcached: await freePort(),
  };
  const path = (name: string) => join(home.path, name);
  for (const name of ['srv/d1', 'cache', 'lock']) await mkdir(path(name), { recursive: true });
  await writeFile(path('swift.conf'), swiftConfig());
  await writeFile(path('swift-run.py'), SWIFT_RUN);
  for (const kind of ['account', 'container', 'object'] as const)
    await writeFile(path(`${kind}-server.conf`), serverConfig(kind, ports[kind], home.path));
  await writeFile(path('proxy-server.conf'), proxyConfig(home.path, port, ports.memcached, options));
  await run('/usr/bin/python3', [
    '-c',
    WRITE_RINGS,
    home.path,
    ...[ports.account, ports.container, ports.object].map(String),
  ]);

  const python = (kind: string, listening: number) =>
    startDaemon('/usr/bin/python3', [path('swift-run.py'), kind, path(`${kind}-server.conf`)], {
      ready: async () => (await fetch(`http://127.0.0.1:${listening}/healthcheck`)).ok,
      timeoutMs: 60_000,
      logFile: path(`${kind}.log`),
    });
  const memcached = async () =>
    startDaemon(
      'memcached',
      ['-u', 'root', '-l', '127.0.0.1', '-p', String(ports.memcached), '-U', '0', '-m', '32'],
      { ready: () => isListening(ports.memcached) },
    );
  const starting = await Promise.allSettled([
    memcached(),
    python('account', ports.account),
    python('container', ports.container),
    python('object', ports.object),
    python('proxy', port),
  ]);
  for (const each of starting) if (each.status === 'fulfilled') cleanUp.use(each.value);
  for (const each of starting) if (each.status === 'rejected') throw each.reason;

  const held = cleanUp.move();
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    authUrl: `${url}/auth/v1.0`,
    user: 'test:tester',
    key: 'testing',
    stranger: { user: 'test:stranger', key: 'strange' },
    async forgetTokens() {
      await run('/usr/bin/python3', [
        '-c',
        'import socket,sys; s=socket.create_connection(("127.0.0.1",int(sys.argv[1]))); s.sendall(b"flush_all\\r\\n"); s.recv(9)',
        String(ports.memcached),
      ]);
    },
    async enlist(container, names) {
      const file = path('names.json');
      await writeFile(file, JSON.stringify(names));
      await run('/usr/bin/python3', ['-c', ENLIST, home.path, container, file], { timeoutMs: 120_000 });
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

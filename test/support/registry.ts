import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CLI } from './cli.ts';
import { freePort } from './ports.ts';
import { type Daemon, type RunResult, run, startDaemon } from './process.ts';
import { tempDir } from './temp.ts';

/** A mirror, as the configuration file has it. */
export interface MirrorEntry {
  readonly name: string;
  readonly url: string;
  readonly write: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export interface RegistryOptions {
  /** What Node is given to run `roadstead`; this source tree's unless given. */
  readonly program?: readonly string[];
  /** `serve` unless given: everything in one process. */
  readonly command?: 'serve' | 'api' | 'token' | 'release' | 'sync';
  /** Mirrors; none unless given. */
  readonly mirrors?: readonly MirrorEntry[];
  /** False for a plain registry without candidate and stable. */
  readonly promotion?: boolean;
  /** False to save the tests' disk; durability has its own tests. */
  readonly sync?: boolean;
  /** The store's directory; a temporary one unless given. */
  readonly rootDirectory?: string;
  readonly port?: number;
  /** True to let clients delete tags, manifests and blobs (`storage.delete.enabled`); refused unless given. */
  readonly delete?: boolean;
  /** The last word on the configuration: gets what the other options made of it. */
  readonly config?: (config: Readonly<Record<string, unknown>>) => Record<string, unknown>;
  /** Where the release service listens by itself (needed when it runs alone beside an API node). */
  readonly releasePort?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** How long each start may take; 15 s unless given. */
  readonly startTimeoutMs?: number;
}

export interface CommandOptions {
  readonly allowFailure?: boolean;
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real registry process. Disposing it stops it and removes its files. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as clients want it. */
  readonly host: string;
  readonly url: string;
  readonly debugUrl: string;
  readonly rootDirectory: string;
  readonly configPath: string;
  /** The running process; changes with every start. */
  readonly daemon: Daemon;
  /** Stops it with a signal and waits until it has gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same store and ports. */
  start(): Promise<void>;
  /** `roadstead ARGS --server URL`; a failure throws unless allowed. */
  cli(args: readonly string[], options?: CommandOptions): Promise<RunResult>;
  /** `roadstead ARGS CONFIG`, for commands that work on the store. */
  offline(args: readonly string[], options?: CommandOptions): Promise<RunResult>;
  /** Everything it has logged, as parsed JSON lines; other lines are left out. */
  log(): Record<string, unknown>[];
}

/** Starts `roadstead serve` (or one of its parts) with a configuration of its own and waits until it is ready. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('registry'));
  const [port, debugPort] = [options.port ?? (await freePort()), await freePort()];
  const rootDirectory = options.rootDirectory ?? join(home.path, 'store');
  const configPath = join(home.path, 'config.yml');
  const { releasePort, command = 'serve', program = CLI, startTimeoutMs } = options;
  const config = {
    version: 0.1,
    storage: {
      filesystem: { rootdirectory: rootDirectory, sync: options.sync ?? false },
      ...(options.delete !== undefined && { delete: { enabled: options.delete } }),
    },
    http: { addr: `127.0.0.1:${port}`, draintimeout: '5s', debug: { addr: `127.0.0.1:${debugPort}` } },
    ...(options.promotion !== false && {
      promotion: {
        candidates: ['candidate/**'],
        ...(releasePort !== undefined && { http: { addr: `127.0.0.1:${releasePort}` } }),
      },
    }),
    ...(options.mirrors && { mirrors: options.mirrors }),
  };
  await writeFile(configPath, stringify(options.config?.(config) ?? config));
  const listening = command === 'release' ? (releasePort ?? port) : port;
  const url = `http://127.0.0.1:${listening}`;
  const server = `http://127.0.0.1:${releasePort ?? port}`;
  const logFile = join(home.path, 'registry.log');
  const launch = () =>
    startDaemon(process.execPath, [...program, command, configPath], {
      ready: async (output) =>
        command === 'sync' ? output.includes('"listening"') : (await fetch(`${url}/readyz`)).ok,
      logFile,
      ...(options.env && { env: options.env }),
      ...(startTimeoutMs !== undefined && { timeoutMs: startTimeoutMs }),
    });
  let daemon = await launch();
  const held = cleanUp.move();
  return {
    host: `127.0.0.1:${port}`,
    url,
    debugUrl: `http://127.0.0.1:${debugPort}`,
    rootDirectory,
    configPath,
    get daemon() {
      return daemon;
    },
    async stop(signal = 'SIGTERM') {
      // Ready daemons do not hold the event loop; someone has to while we wait for one.
      const holding = setInterval(() => undefined, 1000);
      daemon.kill(signal);
      await daemon.exit;
      clearInterval(holding);
    },
    async start() {
      daemon = await launch();
    },
    cli: (args, { allowFailure = false, timeoutMs = 60_000, env = {} } = {}) =>
      run(process.execPath, [...program, ...args, '--server', server], { allowFailure, timeoutMs, env }),
    offline: (args, { allowFailure = false, timeoutMs = 60_000, env = {} } = {}) =>
      run(process.execPath, [...program, ...args, configPath], {
        ...{ allowFailure, timeoutMs, env: { ...options.env, ...env } },
      }),
    log: () =>
      readFileSync(logFile, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .flatMap((line) => {
          try {
            return [JSON.parse(line) as Record<string, unknown>];
          } catch {
            return [];
          }
        }),
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await held.disposeAsync();
    },
  };
}

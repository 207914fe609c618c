import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, isListening } from './ports.ts';
import { type RunResult, run, startDaemon } from './process.ts';
import { tempDir } from './temp.ts';

/** A CNCF Distribution, of whichever version, over a directory. */
export interface Distribution extends AsyncDisposable {
  readonly host: string;
  readonly url: string;
  readonly rootDirectory: string;
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Its `garbage-collect`, which talks to the directory and not to the registry; answers with all that it printed. */
  collectGarbage(...options: string[]): Promise<string>;
}

/** 3.x would otherwise look for a collector of traces on this machine. */
const ENVIRONMENT = { OTEL_TRACES_EXPORTER: 'none' };

/** Starts it on a free port, deletes allowed, nothing cached; `auth` is its section of that name, `more` are others. */
export async function startDistribution(
  program: string,
  rootDirectory: string,
  auth?: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Distribution> {
  await using cleanUp = new AsyncDisposableStack();
  const home = cleanUp.use(await tempDir('distribution'));
  const port = await freePort();
  const configPath = join(home.path, 'config.yml');
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: rootDirectory }, delete: { enabled: true } },
    // Of any length: it signs the state of uploads, which must outlive a restart.
    http: { addr: `127.0.0.1:${port}`, secret: 'the same after a restart' },
    ...(auth && { auth }),
    ...more,
  };
  // JSON is YAML.
  await writeFile(configPath, JSON.stringify(config));
  const launch = () =>
    startDaemon(program, ['serve', configPath], { ready: () => isListening(port), env: ENVIRONMENT });
  let daemon = await launch();
  const held = cleanUp.move();
  return {
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    rootDirectory,
    async kill() {
      // Ready daemons do not hold the event loop; someone has to while we wait for one.
      const holding = setInterval(() => undefined, 1000);
      daemon.kill('SIGKILL');
      await daemon.exit;
      clearInterval(holding);
    },
    async start() {
      daemon = await launch();
    },
    async collectGarbage(...options) {
      const args = ['garbage-collect', ...options, configPath];
      const { stdout, stderr }: RunResult = await run(program, args, { env: ENVIRONMENT });
      return stdout + stderr;
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await held.disposeAsync();
    },
  };
}

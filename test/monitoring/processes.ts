import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CLI } from '../support/cli.ts';
import { isListening } from '../support/ports.ts';
import { type Daemon, run, startDaemon } from '../support/process.ts';

export type Role = 'api' | 'token' | 'release' | 'sync';

export interface ProcessOptions {
  readonly role: Role;
  readonly name: string;
  /** The directory of its files. */
  readonly home: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly debugPort: number;
  /** How many files it may have open; the machine's limit unless given. */
  readonly files?: number;
}

/** One of the cluster's processes, with a configuration of its own. */
export interface Process extends AsyncDisposable {
  readonly role: Role;
  readonly name: string;
  readonly debugPort: number;
  readonly configPath: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** Stops it, by SIGTERM unless given, and waits until it has gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** `roadstead ARGS CONFIG` with its configuration; exit code 2, for something that is wrong, is no failure here. */
  cli(...args: string[]): Promise<string>;
}

/** Starts one and waits for its debug port. */
export async function startProcess(options: ProcessOptions): Promise<Process> {
  const { role, name, home, config, debugPort, files } = options;
  const configPath = join(home, `${name}.yml`);
  await writeFile(configPath, stringify(config));
  createWriteStream(join(home, `${name}.log`)).end();
  const node = [process.execPath, ...CLI, role, configPath];
  const [program = '', ...args] = files === undefined ? node : ['prlimit', `--nofile=${files}`, ...node];
  const launch = () =>
    startDaemon(program, args, {
      ready: (output) => output.includes('"listening"') && isListening(debugPort),
      logFile: join(home, `${name}.log`),
    });
  let daemon: Daemon = await launch();
  return {
    ...{ role, name, debugPort, configPath },
    get pid() {
      return daemon.pid;
    },
    signal: (signal) => daemon.kill(signal),
    async stop(signal = 'SIGTERM') {
      // Ready daemons do not hold the event loop; something has to while we wait for one.
      const holding = setInterval(() => undefined, 1000);
      daemon.kill(signal);
      await daemon.exit;
      clearInterval(holding);
    },
    async start() {
      daemon = await launch();
    },
    async cli(...words) {
      const { code, stdout, stderr } = await run(process.execPath, [...CLI, ...words, configPath], {
        allowFailure: true,
      });
      if (code !== 0 && code !== 2) throw new Error(`roadstead ${words.join(' ')}: ${stderr}`);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGCONT');
      await daemon[Symbol.asyncDispose]();
    },
  };
}

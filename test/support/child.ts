import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parse } from 'yaml';
import { RUN, tellSecretsIn } from './log-watch.ts';
import { childEnvironment } from './programs.ts';

const SETPRIV = '/usr/bin/setpriv';
const TAIL_CHARACTERS = 64 * 1024;

const alive = new Set<number>();
process.on('exit', () => {
  for (const pid of alive) signalGroup(pid, 'SIGKILL');
});

/** Sends a signal to a child and to what it has forked (nginx's workers); a child that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** How a child ended. `code` is undefined if a signal ended it, or if it could not be started at all. */
export interface Exit {
  readonly code: number | undefined;
  readonly reason: string;
}

/** A child process together with the promise of its end. */
export interface Child {
  readonly process: ChildProcess;
  readonly exit: Promise<Exit>;
}

/**
 * Starts a child that does not outlive the tests: it is killed with its process group when this process exits, and
 * on Linux the kernel ends it when this process is itself killed and can run no handler.
 */
export function spawnChild(
  command: string,
  args: readonly string[],
  options: { env?: Readonly<Record<string, string>>; cwd?: string } = {},
): Child {
  const line = [command, ...args];
  const guarded = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'TERM', ...line] : line;
  const child = spawn(guarded[0] ?? command, guarded.slice(1), {
    cwd: options.cwd,
    env: childEnvironment(options.env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (command === process.execPath) watchLogs(child, args, options.env);
  const { pid } = child;
  if (pid !== undefined) alive.add(pid);
  const exit = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ code: undefined, reason: error.message }));
    child.once('close', (code, signal) =>
      resolve({ code: code ?? undefined, reason: signal ? `signal ${signal}` : `exit code ${code}` }),
    );
    // Not at 'close', which waits for grandchildren that hold the pipes: by then the pid may be somebody else's.
    child.once('exit', () => pid !== undefined && alive.delete(pid));
  });
  return { process: child, exit };
}

/** Parts of the registry that run on; what else the command prints is its answer, and may be a secret that was asked for. */
const PARTS = new Set(['serve', 'api', 'token', 'release', 'sync']);

/** Everything that a program of ours logs is looked at for secrets, those of its configuration among them. */
function watchLogs({ stdout, stderr }: ChildProcess, args: readonly string[], env: object = {}): void {
  const [program = 'node', command = '', ...others] = args.slice(
    args.findIndex((arg) => arg.endsWith('.ts')),
  );
  const isCommand = program.endsWith('/cli/main.ts');
  tellSecretsIn(env, 'the environment');
  for (const path of others.filter((arg) => /\.ya?ml$/.test(arg)))
    tellSecretsIn(readYaml(path), 'a configuration');
  const source = [basename(dirname(program)), basename(program), isCommand ? command : ''].join(' ').trim();
  for (const stream of isCommand && !PARTS.has(command) ? [stderr] : [stdout, stderr]) {
    const log = RUN.watch(source);
    stream?.on('data', (chunk: Buffer) => log.write(chunk)).once('close', () => log.end());
  }
}

/** Undefined for what is none: tests give such to the program, too. */
function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Keeps the end of what is written to it, for error messages: a daemon may log without bound. */
export class Tail {
  #text = '';

  append(chunk: Buffer | string): void {
    this.#text = (this.#text + chunk.toString()).slice(-TAIL_CHARACTERS);
  }

  last(lines: number): string {
    return this.#text.trimEnd().split('\n').slice(-lines).join('\n');
  }
}

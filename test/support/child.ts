import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
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

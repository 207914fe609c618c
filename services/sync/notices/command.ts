import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { jsonOf, type MirrorNotice } from './notice.ts';

const TIMEOUT_MS = 30_000;
/** What a command gets of our environment. The rest may hold secrets: any setting can be a variable. */
const VARIABLES = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

/**
 * Runs a program, without a shell, that reads a notice as JSON from its standard input. Throws an Error with the reason if
 * it cannot be started, fails, or takes longer than the time limit: it is killed then, with all that it started.
 */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  notice: MirrorNotice,
  signal: AbortSignal,
  timeoutMs: number = TIMEOUT_MS,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const env = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
  // A group of its own, so that its children can be ended with it.
  const child = spawn(program, args, { env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const end = () => kill(child.pid);
  limit.addEventListener('abort', end);
  // A program may end without reading.
  child.stdin.on('error', () => undefined).end(`${jsonOf(notice)}\n`);
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    if (limit.aborted) throw new Error(`it was killed: it took longer than ${timeoutMs} ms`);
    if (exitCode !== 0) throw new Error(exitCode === null ? 'it was killed' : `it ended with ${exitCode}`);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw syscall?.startsWith('spawn') ? new Error(`it cannot be started (${code})`) : error;
  } finally {
    limit.removeEventListener('abort', end);
  }
}

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

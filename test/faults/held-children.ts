import { readFileSync } from 'node:fs';

const LOOK_MS = 5;

/** The children of a process, by their ids; none of one that has ended. */
export function childrenOf(pid: number): number[] {
  const ids = contentOf(`/proc/${pid}/task/${pid}/children`).trim();
  return ids === '' ? [] : ids.split(' ').map(Number);
}

/**
 * Keeps the children of a process that work in a directory from doing anything, each from its start on, as a file system
 * that does not answer would. Disposing lets them continue.
 */
export function holdChildren(parent: number, directory: string): Disposable {
  const held = new Set<number>();
  const look = () => {
    for (const pid of childrenOf(parent))
      if (!held.has(pid) && argumentsOf(pid).includes(directory) && signal(pid, 'SIGSTOP')) held.add(pid);
  };
  look();
  const timer = setInterval(look, LOOK_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const pid of held) signal(pid, 'SIGCONT');
    },
  };
}

function argumentsOf(pid: number): string[] {
  return contentOf(`/proc/${pid}/cmdline`).split('\0');
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

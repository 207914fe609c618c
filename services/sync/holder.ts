import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A name for this process that another on the same machine can hold against the process table: host, process
 * namespace, process id and start time. Elsewhere it is only a name, and takeovers wait for the silence.
 */
export function holderName(): string {
  return [hostname(), processNamespace(), process.pid, startTime(process.pid)].join(' ');
}

/** True when the holder certainly is no more; false when it may live, or runs where we cannot look. */
export function holderIsGone(holder: string): boolean {
  if (holder === '') return true;
  const [host, namespace, pid, started] = holder.split(' ');
  if (host !== hostname() || namespace !== processNamespace() || namespace === '-') return false;
  return startTime(Number(pid)) !== started;
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '-';
  }
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and parentheses, so count from its end. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}

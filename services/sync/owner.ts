import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * A name for this process that another one on the same machine can look up in the process table: host, boot, process
 * namespace, process id and start time. Elsewhere it is only a name, and a takeover waits until the heartbeat is overdue.
 */
export function ownerName(): string {
  return [hostname(), bootId(), processNamespace(), process.pid, startTime(process.pid)].join(' ');
}

/** True when the owner has certainly ended; false when it may live, or runs where we cannot look. */
export function ownerIsGone(owner: string): boolean {
  if (owner === '') return true;
  const [host, boot, namespace, pid, started] = owner.split(' ');
  if (boot !== bootId() || host !== hostname() || namespace !== processNamespace()) return false;
  if (boot === '-' || namespace === '-') return false;
  return startTime(Number(pid)) !== started;
}

/** Host names repeat, and so do namespaces' numbers; no two machines share this. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '-';
  }
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

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
  const running = startTime(Number(pid));
  return running !== '-' && running !== started;
}

/** The machine and its boot, as one word: all processes with the same have one monotonic clock. `-` if unknown. */
export function monotonicClockName(): string {
  const boot = bootId();
  return boot === '-' ? '-' : `${boot}.${known(() => readlinkSync('/proc/self/ns/time'))}`;
}

/** Host names repeat, and so do the numbers of namespaces; no two machines share this. */
const bootId = () => known(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

const processNamespace = () => known(() => readlinkSync('/proc/self/ns/pid'));

/**
 * Field 22 of /proc/PID/stat; the name in field 2 may contain blanks and parentheses, so count from its end. Empty if there
 * is no such process, `-` if the system does not say.
 */
const startTime = (pid: number) =>
  known(() => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH') return '';
      throw error;
    }
  });

/** What the system says, or `-` where it cannot say. */
function known(read: () => string | undefined): string {
  try {
    return read() ?? '-';
  } catch {
    return '-';
  }
}

/** This process, for turns of a repository. */
export const THIS_PROCESS = { name: ownerName(), isGone: ownerIsGone };

import { existsSync, readFileSync } from 'node:fs';

/** What `/proc` counts in, on every Linux: USER_HZ. */
const TICKS_PER_SECOND = 100;
/** Places of utime and stime in `/proc/PID/stat`, counted after the name, which may contain anything. */
const UTIME = 11;
const STIME = 12;

/**
 * Milliseconds of processor time that this process uses for something. Unlike the clock on the wall, it does not count
 * what other processes of a busy machine take.
 */
export function cpuMsOf(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Seconds of processor time that a process, with all its threads, has used so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND;
}

/**
 * Milliseconds, since the machine started, in which some process was ready to run and no processor was free for it; 0
 * where the kernel does not count that. Of two readings the difference says how busy the machine was in between.
 */
export function cpuWaitMs(): number {
  if (!existsSync('/proc/pressure/cpu')) return 0;
  const [, total] = /^some .*total=(\d+)/.exec(readFileSync('/proc/pressure/cpu', 'utf8')) ?? [];
  return Number(total ?? 0) / 1000;
}

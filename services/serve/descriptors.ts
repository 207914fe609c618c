import { readFileSync } from 'node:fs';

/**
 * How many files and connections this process may have open (`ulimit -n`), which Node has raised to the hard limit;
 * undefined where the system does not say.
 */
export function descriptorsMax(): number | undefined {
  try {
    return maxOpenFiles(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return undefined;
  }
}

/** The soft limit of open files in the text of `/proc/PID/limits`; undefined without one. */
export function maxOpenFiles(text: string): number | undefined {
  const [, soft] = /^Max open files +(\d+) /m.exec(text) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

/**
 * The connections that each of some ports may have. Half of the descriptors at most are for connections: each may have a
 * file of the store open as well, or a connection to it.
 */
export function connectionsOfPort(wanted: number, ports: number, descriptors: number | undefined): number {
  if (descriptors === undefined) return wanted;
  return Math.min(wanted, Math.max(1, Math.floor(descriptors / 2 / ports)));
}

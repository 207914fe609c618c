import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What every container of the tests has to bear: no rights, and a root that cannot be written. */
export const HARDENED = ['--read-only', '--cap-drop=all', '--security-opt=no-new-privileges'];

/** Limits that this machine can give: programs ask for more than a restricted root may set. */
export function limits(): string[] {
  const text = readFileSync('/proc/self/limits', 'utf8');
  const files = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(text)?.[1] ?? 4096);
  const most = Math.min(files, 20_000);
  return [`--ulimit=nofile=${most}:${most}`, '--ulimit=nproc=1000:1000'];
}

/** Waits until a registry answers at a port of this machine. */
export async function untilReady(host: string, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await fetch(`http://${host}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (performance.now() > end) throw new Error(`${host} is not ready after ${timeoutMs} ms`);
    await sleep(100);
  }
}

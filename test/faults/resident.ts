import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const SAMPLE_MS = 100;
export const MIB = 1024 * 1024;

/** How much memory a process holds, as the kernel counts it (VmRSS). */
export async function residentBytes(pid: number): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** The extremes of a process's memory while something happened. */
export interface Residence {
  readonly lowestBytes: number;
  readonly highestBytes: number;
  readonly samples: number;
  readonly tookMs: number;
}

/** Watches a process's memory while something happens. */
export async function residenceDuring(pid: number, act: () => Promise<void>): Promise<Residence> {
  const samples = [await residentBytes(pid)];
  const over = new AbortController();
  const sampling = (async () => {
    while (!over.signal.aborted) {
      await sleep(SAMPLE_MS, undefined, { signal: over.signal }).catch(() => undefined);
      samples.push(await residentBytes(pid));
    }
  })();
  const startedAt = performance.now();
  try {
    await act();
  } finally {
    over.abort();
    await sampling;
  }
  return {
    lowestBytes: Math.min(...samples),
    highestBytes: Math.max(...samples),
    samples: samples.length,
    tookMs: performance.now() - startedAt,
  };
}

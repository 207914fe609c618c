import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MIB } from '../faults/resident.ts';
import { cpuSeconds } from '../support/cpu.ts';
import type { Row } from './row.ts';
import { startSampling } from './sampling.ts';
import type { WorstWorld } from './world.ts';

/** How long an idle node is watched first, and a busy one after its answer: it may not be done then. */
const SETTLE_MS = 150;
/** Starts again what the kernel calls the peak of a process's memory (proc(5), `clear_refs`). */
const RESET_PEAK = '5';

/** What a request cost a node that had just started, measured from outside. */
export interface Figures {
  readonly status: number;
  /** The answer's beginning, for those who look for the reason of a status. */
  readonly answer: string;
  readonly cpuMs: number;
  readonly storeRequests: number;
  /** See {@link Counts.looksAgain}. */
  readonly looksAgain: number;
  /** The peak above the idle node's memory. */
  readonly memoryMb: number;
  /** The most that were open, above those of the idle node. */
  readonly descriptors: number;
  readonly slowestMs: number;
  /** The longest that the node computed without a pause, by the processor's clock. */
  readonly longestMs: number;
}

/** Prepares a row, starts its node and sends it the request. */
export async function measure(world: WorstWorld, row: Row): Promise<Figures> {
  await row.prepare?.(world);
  await world.start(row);
  const { url, daemon } = world.registry;
  const { pid } = daemon;
  await using sampling = await startSampling({ url, pid });
  await sampling.report();
  await sleep(SETTLE_MS);
  const idle = await sampling.report();
  await world.counts();
  writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
  const idleMb = megabytes(pid, 'VmRSS');
  const idleCpu = cpuSeconds(pid);
  const answer = await row.ask(world);
  await sleep(SETTLE_MS);
  const busy = await sampling.report();
  const { storeRequests, looksAgain, longestMs } = await world.counts();
  return {
    ...{ status: answer.status, answer: answer.body.subarray(0, 500).toString() },
    ...{ storeRequests, looksAgain, longestMs, slowestMs: busy.slowestMs },
    cpuMs: Math.round((cpuSeconds(pid) - idleCpu) * 1000),
    memoryMb: Math.max(0, megabytes(pid, 'VmHWM') - idleMb),
    descriptors: Math.max(0, busy.descriptors - idle.descriptors),
  };
}

function megabytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return (Number(kib) * 1024) / MIB;
}

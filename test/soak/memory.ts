import { setTimeout as sleep } from 'node:timers/promises';
import { residentBytes } from '../faults/resident.ts';
import type { Eyes } from './eyes.ts';
import type { Journal } from './journal.ts';

const SAMPLE_MS = 1000;
const MIB = 1024 * 1024;

/** The most memory that processes were seen to hold, over all their lives; MiB, by name. */
export class Memory {
  readonly highestMib = new Map<string, number>();
  readonly #over = new AbortController();
  readonly #sampling: Promise<void>;

  /** Watches processes, whose ids change with each start, until `end`. */
  constructor(processes: Readonly<Record<string, () => number>>, eyes: Eyes, journal: Journal) {
    const signal = AbortSignal.any([this.#over.signal, journal.signal]);
    this.#sampling = (async () => {
      while (!signal.aborted) {
        const askedAtMs = journal.nowMs;
        await eyes.collector();
        journal.highest('slowest look into the store, ms', journal.nowMs - askedAtMs);
        for (const [name, pid] of Object.entries(processes)) {
          const bytes = await residentBytes(pid()).catch(() => 0);
          const mib = Number.isNaN(bytes) ? 0 : Math.round(bytes / MIB);
          this.highestMib.set(name, Math.max(mib, this.highestMib.get(name) ?? 0));
        }
        await sleep(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
      }
    })();
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#sampling;
  }
}

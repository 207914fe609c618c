import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './check.ts';

const PAUSE_MS = 20;

/** Holds a read to see the change before it: at once, or on a registry of several nodes within its stated bound. */
export async function inTime(on: Target, expectation: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + (on.profile.lagMs ?? 0);
  for (;;) {
    try {
      return await expectation();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

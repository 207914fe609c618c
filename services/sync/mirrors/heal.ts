import type { MissingBlob } from '../../registry/publishing/mirrors/ledger.ts';
import { give } from './give.ts';
import type { MirrorSession } from './mirror-session.ts';

/** How often blobs whose time has come are looked for without being woken. */
const LOOK_MS = 2000;
const PAUSE_MS = { first: 1000, most: 60_000 } as const;

/** Gives the mirror what it lacks, the smallest first, until the session is over. Runs while new entries are published. */
export async function healMissing(session: MirrorSession): Promise<void> {
  const { signal } = session;
  let pauseMs: number = PAUSE_MS.first;
  while (!signal.aborted) {
    const due = session.ledger.missing.filter(isDue).toSorted((a, b) => a.sizeBytes - b.sizeBytes);
    for (const blob of due) {
      if (signal.aborted) return;
      if (session.ledger.health.state !== 'up' && session.distrust === undefined) break;
      const given = await give(session, blob);
      session.trouble('repair', given.kind === 'paused' ? given.reason : undefined);
      if (given.kind !== 'paused') {
        pauseMs = PAUSE_MS.first;
        continue;
      }
      await session.recovered.healing.wait(Math.max(pauseMs, given.retryAfterMs), signal);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most);
      break;
    }
    await session.healing.wait(LOOK_MS, signal);
  }
}

function isDue({ retryAt }: MissingBlob): boolean {
  return retryAt === undefined || Date.parse(retryAt) <= Date.now();
}

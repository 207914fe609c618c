import { setTimeout as sleep } from 'node:timers/promises';
import { readWhole } from './judged-read.ts';
import type { MirrorSession } from './mirror-session.ts';

/** How often it is seen which entries are due. */
const STEP_MS = 1000;

/**
 * Reads every blob of the mirror whole within `reverify`, again and again: which entry is due depends on the time alone, so
 * that all mirrors read the same entry and the log is read once.
 */
export async function scrub(session: MirrorSession): Promise<void> {
  const { signal, parts } = session;
  const periodMs = parts.mirror.reverify;
  let done = dueAt(Date.now(), periodMs, session.ledger.watermark);
  while (!signal.aborted) {
    await sleep(Math.min(STEP_MS, periodMs / 10), undefined, { signal });
    const { watermark } = session.ledger;
    const due = dueAt(Date.now(), periodMs, watermark);
    const isNextRound = due.round !== done.round;
    for (let seq = done.seq + 1; seq <= (isNextRound ? watermark : due.seq); seq++)
      await scrubEntry(session, seq);
    done = isNextRound ? { round: due.round, seq: 0 } : due;
  }
}

/** The entry up to which a round has to have come, and which round that is. The last entries are due when the next begins. */
function dueAt(atMs: number, periodMs: number, watermark: number): { round: number; seq: number } {
  const rounds = atMs / periodMs;
  const round = Math.floor(rounds);
  return { round, seq: Math.floor((rounds - round) * watermark) };
}

async function scrubEntry(session: MirrorSession, seq: number): Promise<void> {
  const blobs = (await session.parts.log.blobs(seq, session.signal)) ?? [];
  for (const blob of blobs)
    if (blob.sizeBytes > 0 && !session.isMissing(blob.digest)) await readWhole(session, blob);
}

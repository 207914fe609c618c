import { setTimeout as sleep } from 'node:timers/promises';
import { foundLost } from './found-lost.ts';
import { smallHeldBlob } from './held-blobs.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';
import { isLimit } from './public-side.ts';

/** How often a small blob is read whole: what makes all bytes of a mirror wrong shows within this time. */
const SAMPLE_MS = 3000;
/** A mirror that is not believed is looked at more often, until it has been right several times in a row. */
const DISTRUSTED = { everyMs: 2000, goodReads: 5 } as const;
const SAMPLE_MAX_BYTES = 1024 * 1024;
/** How often it is seen which entries are due. */
const STEP_MS = 1000;

/** Reads a small blob whole now and then, until the session is over. */
export async function sampleWhole(session: MirrorSession): Promise<void> {
  const { signal } = session;
  let goodReads = 0;
  while (!signal.aborted) {
    await sleep(session.distrust ? DISTRUSTED.everyMs : SAMPLE_MS, undefined, { signal });
    const known = session.distrust ? await distrustedBlob(session) : undefined;
    const blob = known ?? (await smallHeldBlob(session, SAMPLE_MAX_BYTES));
    if (blob === undefined) continue;
    const isGood = await readWhole(session, blob);
    goodReads = isGood ? goodReads + 1 : 0;
    if (session.distrust === undefined || goodReads < DISTRUSTED.goodReads) continue;
    session.distrust = undefined;
    session.healing.notify();
    session.watching.notify();
  }
}

/** One of those that made the mirror be distrusted: what was bad has to be right again. */
async function distrustedBlob(session: MirrorSession): Promise<PublishedAt | undefined> {
  const small = session.ledger.missing.filter(({ sizeBytes }) => sizeBytes <= SAMPLE_MAX_BYTES);
  return small[Math.floor(Math.random() * small.length)];
}

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

async function readWhole(session: MirrorSession, blob: PublishedAt): Promise<boolean> {
  const startedAt = performance.now();
  const found = await session.publicSide.read(blob, session.signal);
  if (found.kind === 'lost' && !session.isMissing(blob.digest))
    await foundLost(session, [{ blob, reason: found.reason }], 'read');
  // A limit that our own reads have met is not the mirror's failure: probes show whether it fails clients.
  if (found.kind === 'failing' && !isLimit(found)) session.fails(found, startedAt);
  return found.kind === 'good';
}

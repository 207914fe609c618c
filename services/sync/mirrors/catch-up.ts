import pMap from 'p-map';
import { give } from './give.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';

/** How often new entries are looked for without being woken. */
const LOOK_MS = 5000;
const BLOBS_AT_ONCE = 4;
/** A mirror that cannot take anything now is tried again after this time, doubled up to the limit. */
const PAUSE_MS = { first: 1000, most: 60_000 } as const;

/**
 * Publishes until the session is over: entries in the log's order. A blob that the mirror cannot take goes into the missing
 * set, and what comes after it is published. What a try has brought there is not asked for again by the next one.
 */
export async function catchUp(session: MirrorSession): Promise<void> {
  const { parts, signal } = session;
  const stop = parts.log.onNew(() => session.publishing.notify());
  try {
    while (!signal.aborted) {
      while (session.ledger.watermark < parts.log.head && !signal.aborted) {
        await publishEntry(session, session.ledger.watermark + 1);
      }
      await session.publishing.wait(LOOK_MS, signal);
    }
  } finally {
    stop();
  }
}

async function publishEntry(session: MirrorSession, seq: number): Promise<void> {
  const { parts, signal } = session;
  const blobs = await parts.log.blobs(seq, signal);
  if (blobs === undefined) return;
  const settled = new Set<string>();
  for (let pauseMs: number = PAUSE_MS.first; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS.most)) {
    const before = settled.size;
    const paused = await publishBlobs(session, blobs, settled);
    if (settled.size === blobs.length) break;
    if (settled.size > before) pauseMs = PAUSE_MS.first;
    session.trouble('publishing', paused?.reason);
    await session.recovered.publishing.wait(Math.max(pauseMs, paused?.retryAfterMs ?? 0), signal);
    signal.throwIfAborted();
  }
  session.trouble('publishing', undefined);
  // Unless a crawl has lowered the watermark: then it continues from there.
  if (session.ledger.watermark === seq - 1) session.update({ watermark: seq });
  if (session.ledger.health.state !== 'up') session.watching.notify();
}

/** Brings blobs to the mirror, several at once, until one of them shows that it takes none now; that is returned. */
async function publishBlobs(
  session: MirrorSession,
  blobs: readonly PublishedAt[],
  settled: Set<string>,
): Promise<{ reason: string; retryAfterMs: number } | undefined> {
  let paused: { reason: string; retryAfterMs: number } | undefined;
  await pMap(
    blobs.filter(({ digest }) => !settled.has(digest)),
    async (blob) => {
      if (paused) return;
      const given = await give(session, blob);
      if (given.kind === 'paused') paused = given;
      else settled.add(blob.digest);
    },
    { concurrency: BLOBS_AT_ONCE },
  );
  return paused;
}

import type { PublicRead } from '../../mirrors/public-answer.ts';
import { foundLost } from './found-lost.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';
import { isLimit, mayBeLimit } from './public-side.ts';

/** Reads a blob whole and notes what that shows of the mirror; returns whether the blob was right. */
export async function readWhole(session: MirrorSession, blob: PublishedAt): Promise<boolean> {
  const startedAt = performance.now();
  const found = await session.publicSide.read(blob, session.signal);
  await judge(session, blob, found, startedAt);
  return found.kind === 'good';
}

/** Notes what a read, begun at a time of `performance.now()`, shows of the mirror. */
export async function judge(
  session: MirrorSession,
  blob: PublishedAt,
  found: PublicRead,
  startedAt: number,
): Promise<void> {
  if (found.kind === 'lost' && !session.isMissing(blob.digest))
    await foundLost(session, [{ blob, reason: found.reason }], 'read');
  // A limit that our own reads have met is not the mirror's failure: probes show whether it fails clients.
  if (found.kind !== 'failing' || isLimit(found) || mayBeLimit(found, session.publicSide.pace)) return;
  session.fails(found, startedAt);
}

import pMap from 'p-map';
import type { PublicRead } from '../../mirrors/public-answer.ts';
import { someHeldBlobs } from './held-blobs.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';

/** A blob that a mirror should hold and does not give. */
export interface Loss {
  readonly blob: PublishedAt;
  /** Why, for people. */
  readonly reason: string;
  /** It says so itself. */
  readonly isAbsence?: boolean | undefined;
}

/** Other blobs that are looked at after a loss, to distinguish one bad blob from a bad mirror. */
const SAMPLE = 8;
/** Larger ones are not read for that. */
const SAMPLE_MAX_BYTES = 4 * 1024 * 1024;
const AT_ONCE = 4;

/**
 * What to do when clients do not get blobs from a mirror: these count as missing at once, and a sample of others shows
 * whether the rest can be believed. If half of them or more are bad as well, none is. `how` they are looked at: as the loss
 * was found.
 */
export async function foundLost(
  session: MirrorSession,
  losses: readonly Loss[],
  how: 'read' | 'ask',
): Promise<void> {
  const [first] = losses;
  if (first === undefined) return;
  for (const { blob, reason } of losses) session.lacks(blob, reason);
  const { parts, name } = session;
  const digest = first.blob.digest;
  parts.logger.warn(
    { mirror: name, digest, blobs: losses.length, reason: first.reason },
    'a mirror does not give clients what it held',
  );
  parts.notify({ mirror: name, event: 'lost-blobs', reason: `${digest}: ${first.reason}` });
  const sample = await someHeldBlobs(session, SAMPLE, SAMPLE_MAX_BYTES);
  const bad = await badOnes(session, sample, how);
  for (const { blob, reason } of bad) session.lacks(blob, reason);
  const areMost = (count: number) => count > 0 && count * 2 >= sample.length;
  // A mirror that says what it lacks can be believed in the rest.
  const wrong = bad.filter(({ isAbsence }) => isAbsence !== true);
  if (areMost(wrong.length) && how === 'read') session.distrust = first.reason;
  session.requestCrawl(areMost(bad.length));
  session.watching.notify();
}

async function badOnes(
  session: MirrorSession,
  sample: readonly PublishedAt[],
  how: 'read' | 'ask',
): Promise<Loss[]> {
  const { publicSide, signal } = session;
  const look = (blob: PublishedAt): Promise<PublicRead> =>
    how === 'read' ? publicSide.readAtOnce(blob, signal) : publicSide.ask(blob, signal);
  const found = await pMap(sample, async (blob) => ({ blob, result: await look(blob) }), {
    concurrency: AT_ONCE,
  });
  return found.flatMap(({ blob, result }) =>
    result.kind === 'lost' ? [{ blob, reason: result.reason, isAbsence: result.isAbsence }] : [],
  );
}

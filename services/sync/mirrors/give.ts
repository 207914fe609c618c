import { MISSING_MAX } from '../../registry/publishing/mirrors/ledger.ts';
import { messageOf } from '../../registry/runtime/message-of.ts';
import type { Given } from './given.ts';
import type { PublishedAt } from './log-view.ts';
import type { MirrorSession } from './mirror-session.ts';

const FAILED_RETRY_MS = 2000;
const FULL_SET_RETRY_MS = 60_000;

/** A blob that was refused is tried again after this time, and then when it has been lacking for twice as long each time. */
const REFUSED_RETRY_MS = { first: 10_000, most: 60 * 60_000 } as const;
/** So is one that the store has lost, until a push brings it back. */
const LOST_RETRY_MS = { first: 10_000, most: 10 * 60_000 } as const;

/**
 * Sees that clients get a blob from the mirror: what its public URL gives already stays, the rest is written and read
 * there. A blob that it cannot take is noted as missing, with the reason.
 */
export async function give(session: MirrorSession, blob: PublishedAt): Promise<Given> {
  // Publishing and repair may want the same blob: two writes of it would be in each other's way.
  const under = session.giving.get(blob.digest);
  if (under) return under;
  const given = giveNow(session, blob).finally(() => session.giving.delete(blob.digest));
  session.giving.set(blob.digest, given);
  return given;
}

async function giveNow(session: MirrorSession, blob: PublishedAt): Promise<Given> {
  const { parts, signal } = session;
  try {
    const published = await parts.transfer.publish(session, blob, signal);
    if (published === 'held') {
      session.holds(blob.digest);
      return { kind: 'held' };
    }
    if (published.kind === 'paused') return published;
    if (published.kind === 'refused') {
      if (published.isBySize) parts.notify({ mirror: session.name, event: 'full', reason: published.reason });
      return missing(
        session,
        blob,
        published.reason,
        Math.max(published.retryAfterMs ?? 0, retryMs(session, blob, REFUSED_RETRY_MS)),
      );
    }
    parts.logger.error(
      { mirror: session.name, digest: blob.digest, seq: blob.seq },
      'a published blob is not in the store',
    );
    return missing(
      session,
      blob,
      "the registry's own store has lost it",
      retryMs(session, blob, LOST_RETRY_MS),
    );
  } catch (error) {
    signal.throwIfAborted();
    parts.logger.warn(
      { err: error, mirror: session.name, digest: blob.digest },
      'cannot bring a blob to a mirror; trying again',
    );
    return { kind: 'paused', reason: messageOf(error), retryAfterMs: FAILED_RETRY_MS };
  }
}

function missing(session: MirrorSession, blob: PublishedAt, reason: string, retryAfterMs: number): Given {
  if (session.lacks(blob, reason, retryAfterMs)) return { kind: 'missing' };
  return {
    kind: 'paused',
    reason: `it lacks ${MISSING_MAX} blobs: it gets those first`,
    retryAfterMs: FULL_SET_RETRY_MS,
  };
}

function retryMs(
  { ledger }: MirrorSession,
  { digest }: PublishedAt,
  { first, most }: { first: number; most: number },
): number {
  const since = ledger.missing.find((blob) => blob.digest === digest)?.since;
  const lackedMs = since === undefined ? 0 : Date.now() - Date.parse(since);
  return Math.min(Math.max(lackedMs, first), most);
}

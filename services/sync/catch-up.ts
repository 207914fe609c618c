import type { Sha256Digest } from '../registry/oci/digest.ts';
import { MISSING_MAX } from '../registry/publishing/mirrors/ledger.ts';
import { blobsOf } from '../registry/publishing/publication/entry.ts';
import { syncedBytes } from './metrics.ts';
import type { MirrorSession } from './mirror-session.ts';
import { publishBlobs } from './publish.ts';
import type { WantedBlob } from './targets/target.ts';

/** How often a worker looks for new entries without being woken. */
const POLL_MS = 1000;

/** Publishes until the session is over: new entries in the log's order, then what a crawl found missing. */
export async function catchUp(session: MirrorSession): Promise<void> {
  while (!session.signal.aborted) {
    await publishEntries(session);
    await healMissing(session);
    if (session.ledger.trouble !== undefined) await session.update(() => ({ trouble: undefined }));
    await session.publishing.wait(POLL_MS, session.signal);
  }
}

async function publishEntries(session: MirrorSession): Promise<void> {
  const { parts, signal } = session;
  while (!signal.aborted) {
    const seq = session.ledger.watermark + 1;
    const entry = await parts.content.log.read(seq, signal);
    if (entry === undefined) return;
    // Its author may have died before recording its numbers.
    await parts.content.published.record(entry);
    const lost = await write(session, blobsOf(entry));
    if (lost.length > 0)
      parts.logger.error({ mirror: parts.mirror.name, seq, lost }, 'published blobs are not in the store');
    if (session.ledger.missing.length + lost.length > MISSING_MAX)
      throw new Error(
        `the store has lost ${lost.length} blobs of publication ${seq}: restore them, then see the log`,
      );
    // A crawl may have lowered the watermark during the write: then continue from there.
    await session.update((ledger) =>
      ledger.watermark === seq - 1
        ? { watermark: seq, ...(lost.length > 0 && { missing: [...ledger.missing, ...lost] }) }
        : {},
    );
    if (session.ledger.health.state !== 'up') session.watching.notify();
  }
}

async function healMissing(session: MirrorSession): Promise<void> {
  const { parts, signal } = session;
  for (const digest of session.ledger.missing) {
    const stat = await parts.content.blobs.statData(digest, signal);
    // Lost in the store too: it stays missing, and no client is redirected for it.
    if (stat === undefined) continue;
    if ((await write(session, [stat])).length > 0) continue;
    await session.update((ledger) => ({ missing: ledger.missing.filter((other) => other !== digest) }));
  }
}

async function write(
  { parts, signal }: MirrorSession,
  blobs: readonly WantedBlob[],
): Promise<Sha256Digest[]> {
  const { content, target, metrics, mirror } = parts;
  return publishBlobs(content.blobs, target, blobs, signal, (blob) =>
    syncedBytes(metrics).inc({ mirror: mirror.name }, blob.sizeBytes),
  );
}

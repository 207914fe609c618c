import type { Sha256Digest } from '../registry/oci/digest.ts';
import { MISSING_MAX } from '../registry/publishing/mirrors/ledger.ts';
import { blobsOf } from '../registry/publishing/publication/entry.ts';
import { syncedBytes } from './metrics.ts';
import { publishBlobs } from './publish.ts';
import type { Shift } from './shift.ts';
import type { WantedBlob } from './targets/target.ts';

/** How often a worker that nobody woke looks for new entries. */
const POLL_MS = 1000;

/** Publishes until the shift is over: new entries in the log's order, then what a crawl found missing. */
export async function catchUp(shift: Shift): Promise<void> {
  while (!shift.signal.aborted) {
    await publishEntries(shift);
    await healMissing(shift);
    if (shift.term.ledger.trouble !== undefined) await shift.update(() => ({ trouble: undefined }));
    await shift.publishing.wait(POLL_MS, shift.signal);
  }
}

async function publishEntries(shift: Shift): Promise<void> {
  const { parts, term, signal } = shift;
  while (!signal.aborted) {
    const seq = term.ledger.watermark + 1;
    const entry = await parts.content.log.read(seq, signal);
    if (entry === undefined) return;
    // Its author may have died before recording its numbers.
    await parts.content.published.record(entry);
    const lost = await write(shift, blobsOf(entry));
    if (lost.length > 0)
      parts.logger.error({ mirror: parts.mirror.name, seq, lost }, 'published blobs are not in the store');
    if (term.ledger.missing.length + lost.length > MISSING_MAX)
      throw new Error(
        `the store has lost ${lost.length} blobs of publication ${seq}: restore them, then see the log`,
      );
    // A crawl may have lowered the watermark meanwhile: then it goes on from there.
    await shift.update((ledger) =>
      ledger.watermark === seq - 1
        ? { watermark: seq, ...(lost.length > 0 && { missing: [...ledger.missing, ...lost] }) }
        : {},
    );
    if (term.ledger.health.state !== 'up') shift.watching.notify();
  }
}

async function healMissing(shift: Shift): Promise<void> {
  const { parts, term, signal } = shift;
  for (const digest of term.ledger.missing) {
    const stat = await parts.content.blobs.statData(digest, signal);
    // Lost in the store too: it stays missing, and nobody is sent for it.
    if (stat === undefined) continue;
    if ((await write(shift, [stat])).length > 0) continue;
    await shift.update((ledger) => ({ missing: ledger.missing.filter((other) => other !== digest) }));
  }
}

async function write({ parts, signal }: Shift, blobs: readonly WantedBlob[]): Promise<Sha256Digest[]> {
  const { content, target, metrics, mirror } = parts;
  return publishBlobs(content.blobs, target, blobs, signal, (blob) =>
    syncedBytes(metrics).inc({ mirror: mirror.name }, blob.sizeBytes),
  );
}

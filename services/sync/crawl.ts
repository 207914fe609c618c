import pMap from 'p-map';
import type { Digest } from '../registry/digest.ts';
import { MISSING_MAX } from '../registry/mirrors/ledger.ts';
import { blobsOf } from '../registry/publication/entry.ts';
import type { PublicationLog } from '../registry/publication/log.ts';
import type { MirrorTarget } from './targets/target.ts';

const BLOBS_AT_ONCE = 16;

/** What a crawl found. */
export interface CrawlResult {
  /** How far the mirror may still be said to be complete, but for `missing`. */
  readonly watermark: number;
  readonly missing: readonly Digest[];
}

/**
 * Asks a mirror for every blob that it should hold. Few that lack become the missing set; when there are too many
 * for that, the watermark is lowered to before the first entry that lost one, and the worker publishes from there.
 */
export async function crawl(
  log: PublicationLog,
  target: MirrorTarget,
  watermark: number,
  signal: AbortSignal,
): Promise<CrawlResult> {
  const missing: Digest[] = [];
  let firstLoss: number | undefined;
  for (let seq = 1; seq <= watermark; seq++) {
    const entry = await log.read(seq, signal);
    if (entry === undefined) throw new Error(`the publication log has a gap at ${seq}`);
    const blobs = blobsOf(entry);
    const held = await pMap(blobs, (blob) => target.has(blob, signal), {
      concurrency: BLOBS_AT_ONCE,
      signal,
    });
    const lost = blobs.filter((_, i) => !held[i]);
    if (lost.length > 0) firstLoss ??= seq;
    missing.push(...lost.map((blob) => blob.digest));
    if (firstLoss !== undefined && missing.length > MISSING_MAX)
      return { watermark: firstLoss - 1, missing: [] };
  }
  return { watermark, missing };
}

import { FOREIGN, type Segment, type StoredUpload, segmentKey } from './upload-records.ts';

/** S3's least part, and enough for Swift: from this size on a store composes objects without their passing through here. */
const FULL_BYTES = 5 * 1024 * 1024;
/** How many neighbours that were merged equally often are merged once more. */
const FAN_IN = 16;

/** Which of the last segments become one. */
export interface Merge {
  readonly count: number;
  readonly level: number;
}

/**
 * Keeps the number of small segments low at a cost that does not grow: each byte is merged once for each power of 16
 * between its piece and 5 MiB, and never again after that.
 */
export function planMerge(segments: readonly Segment[]): Merge | undefined {
  let [small, smallBytes] = [0, 0];
  for (const { id, sizeBytes } of segments.toReversed()) {
    if (sizeBytes >= FULL_BYTES || id === FOREIGN) break;
    small++;
    smallBytes += sizeBytes;
  }
  const run = segments.slice(segments.length - small);
  const topLevel = Math.max(0, ...run.map(({ level }) => level));
  if (small > 1 && smallBytes >= FULL_BYTES) return { count: small, level: topLevel + 1 };
  let count = 0;
  let level = 0;
  // What the level below has just become counts as one of this level.
  for (; ; level++) {
    const before = run.slice(0, run.length - count);
    const others = before.length - 1 - before.findLastIndex((segment) => segment.level !== level);
    if (others + (count > 0 ? 1 : 0) < FAN_IN) break;
    count += others;
  }
  return count > 0 ? { count, level } : undefined;
}

/** Merges by {@link planMerge}; returns the segments after that, and the keys that were made and merged. */
export async function mergeSmall(
  upload: StoredUpload,
  segments: readonly Segment[],
): Promise<{ segments: readonly Segment[]; made: readonly string[]; merged: readonly string[] }> {
  const merge = planMerge(segments);
  if (merge === undefined) return { segments, made: [], merged: [] };
  const sources = segments.slice(-merge.count);
  const sizeBytes = sources.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  const whole = { id: crypto.randomUUID(), sizeBytes, level: merge.level };
  const merged = sources.map((segment) => segmentKey(upload, segment));
  const made = segmentKey(upload, whole);
  await upload.objects.compose(merged, made);
  return { segments: [...segments.slice(0, -merge.count), whole], made: [made], merged };
}

import { TEMPORARY_MAX_AGE_MS } from '../storage/object-store.ts';
import type { Scope } from './area.ts';
import { type Finding, finding } from './finding.ts';

interface Sum {
  readonly files: number;
  readonly bytes: number;
}

/** Counts what writes have not finished, by the directory that it is in. */
export async function* checkTemporaries({ reader, now }: Scope): AsyncGenerator<Finding> {
  const { objects, signal } = reader;
  const sums = { old: new Map<string, Sum>(), young: new Map<string, Sum>() };
  for await (const { key, modifiedAt, sizeBytes } of objects.temporaries?.(signal) ?? []) {
    const isOld = now.getTime() - modifiedAt.getTime() > TEMPORARY_MAX_AGE_MS;
    const sumOf = isOld ? sums.old : sums.young;
    const place = key.slice(0, key.lastIndexOf('/'));
    const { files, bytes } = sumOf.get(place) ?? { files: 0, bytes: 0 };
    sumOf.set(place, { files: files + 1, bytes: bytes + sizeBytes });
  }
  for (const [key, sum] of sums.old)
    yield finding('temporary-files-old', { key, ...sum }, `${counted(sum)} that nobody wrote to for a day`);
  for (const [key, sum] of sums.young) yield finding('temporary-files', { key, ...sum }, counted(sum));
}

function counted({ files, bytes }: Sum): string {
  return `There are ${files} temporary files of ${bytes} bytes together`;
}

import { parseRanges } from '../../http/range.ts';

/**
 * What a request with this `Range` does: `resume` fetches the rest of a blob that broke off, `part` some of its bytes, as
 * clients do that fetch a blob in pieces. Undefined for a request of the whole.
 */
export function rangeKindOf(header: string, sizeBytes: number): 'resume' | 'part' | undefined {
  if (header === '') return undefined;
  const open = /^bytes=\s*(\d{1,15})-\s*$/i.exec(header)?.[1];
  if (open !== undefined) return Number(open) > 0 ? 'resume' : undefined;
  return parseRanges(header, sizeBytes) === undefined ? undefined : 'part';
}

import { parseRanges } from '../../http/range.ts';

/**
 * What a request with this `Range` does: `resume` fetches the rest of a blob that broke off, `part` some of its bytes, as
 * clients do that fetch a blob in pieces. Undefined for a request of the whole. A range that ends behind the blob means
 * its rest (RFC 9110, section 14.1.2): regctl resumes so, while clients of pieces end at the last byte.
 */
export function rangeKindOf(header: string, sizeBytes: number): 'resume' | 'part' | undefined {
  if (header === '') return undefined;
  const [, first, last] = /^bytes=\s*(\d{1,15})-\s*(\d{1,15})?\s*$/i.exec(header) ?? [];
  const isToEnd = first !== undefined && (last === undefined || Number(last) >= sizeBytes);
  if (isToEnd) return Number(first) > 0 ? 'resume' : undefined;
  return parseRanges(header, sizeBytes) === undefined ? undefined : 'part';
}

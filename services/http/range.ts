import type { ByteRange } from '../registry/object-store.ts';

/**
 * Reads a `Range` header for a body of this size. Undefined means "answer with everything": no header, one that is
 * no single byte range (which a server may ignore, RFC 9110 section 14.2), or an `If-Range` of other content.
 */
export function parseRange(
  header: string,
  sizeBytes: number,
  ifRange = '',
  etag = '',
): ByteRange | 'unsatisfiable' | undefined {
  if (ifRange !== '' && ifRange !== etag) return undefined;
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header);
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const suffixBytes = Number(to);
    if (suffixBytes === 0 || sizeBytes === 0) return 'unsatisfiable';
    return { first: Math.max(0, sizeBytes - suffixBytes), last: sizeBytes - 1 };
  }
  const first = Number(from);
  if (first >= sizeBytes) return 'unsatisfiable';
  if (to === '') return { first, last: sizeBytes - 1 };
  // `last < first` is no valid range at all; answering 416 as Distribution and the conformance suite have it.
  if (Number(to) < first) return 'unsatisfiable';
  return { first, last: Math.min(Number(to), sizeBytes - 1) };
}

import type { ByteRange } from '../registry/storage/object-store.ts';

/** podman asks for up to 1024 chunks of a zstd:chunked layer in one request (`maxNumberMissingChunks` in containers/storage). */
export const RANGES_MAX = 1024;

const RANGE_SET = /^bytes=(.*)$/i;
const RANGE = /^(\d{0,15})-(\d{0,15})$/;

/**
 * Reads a `Range` header (RFC 9110, section 14.2) for a body of this size: the satisfiable ranges, at least one, in the
 * client's order. They are never sorted or merged, because podman counts the parts of the answer.
 *
 * Undefined means "answer with everything": the header is missing or not a set of byte ranges, `If-Range` names other
 * content, or the set asks for too much: more than {@link RANGES_MAX} ranges, or more bytes than the body has. Go's
 * `http.ServeContent`, and so Distribution, answers the same way.
 */
export function parseRanges(
  header: string,
  sizeBytes: number,
  ifRange = '',
  etag = '',
): readonly ByteRange[] | 'unsatisfiable' | undefined {
  if (ifRange !== '' && ifRange !== etag) return undefined;
  const set = RANGE_SET.exec(header)?.[1];
  // One member more than allowed shows that there are too many.
  const members = set?.split(',', RANGES_MAX + 1).map((member) => member.trim()) ?? [];
  if (members.length > RANGES_MAX || members.every((member) => member === '')) return undefined;
  const ranges: ByteRange[] = [];
  let sumBytes = 0;
  for (const member of members) {
    // Empty members mean nothing (section 5.6.1).
    if (member === '') continue;
    const range = parseRange(member, sizeBytes);
    if (range === undefined) return undefined;
    if (range === 'backwards') return 'unsatisfiable';
    if (range === 'unsatisfiable') continue;
    ranges.push(range);
    sumBytes += range.last - range.first + 1;
  }
  if (ranges.length === 0) return 'unsatisfiable';
  return sumBytes > sizeBytes ? undefined : ranges;
}

function parseRange(
  member: string,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | 'backwards' | undefined {
  const match = RANGE.exec(member);
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const suffixBytes = Number(to);
    if (suffixBytes === 0 || sizeBytes === 0) return 'unsatisfiable';
    return { first: Math.max(0, sizeBytes - suffixBytes), last: sizeBytes - 1 };
  }
  const first = Number(from);
  // `last < first` is not a valid range at all; Distribution and the conformance suite want 416 for it.
  if (to !== '' && Number(to) < first) return 'backwards';
  if (first >= sizeBytes) return 'unsatisfiable';
  return { first, last: to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) };
}

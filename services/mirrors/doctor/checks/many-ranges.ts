import { createHash } from 'node:crypto';
import { hexOf } from '../../../registry/oci/digest.ts';
import { HEAD_BYTES } from '../ask.ts';
import { checkHeld } from '../check.ts';
import { fault, pass, skipped } from '../finding.ts';
import { type BytesPart, parseParts } from '../parts.ts';

/** 64 ranges of 16 bytes: fewer than clients of zstd:chunked images ask for, more than a limit of one or two. */
const RANGES = { count: 64, everyBytes: 64, eachBytes: 16 } as const;
const LIMIT_BYTES = 64 * 1024;

/** Whether many ranges at once get those parts, or the whole blob. */
export const manyRanges = checkHeld(
  'many-ranges',
  ['held', 'bytes'],
  async ({ whole, ask, urlOf }, example) => {
    const { digest, sizeBytes } = example;
    const count = Math.min(RANGES.count, Math.floor(Math.min(sizeBytes, HEAD_BYTES) / RANGES.everyBytes));
    if (count < 2) return skipped('the example is too small');
    const ranges = Array.from({ length: count }, (_, i) => {
      const first = i * RANGES.everyBytes;
      return { first, last: first + RANGES.eachBytes - 1 };
    });
    const text = ranges.map(({ first, last }) => `${first}-${last}`).join(',');
    const [body, hash] = [[] as Buffer[], createHash('sha256')];
    let keptBytes = 0;
    const answer = await ask(urlOf(digest), {
      headers: { range: `bytes=${text}` },
      maxBytes: Math.max(sizeBytes, LIMIT_BYTES),
      isPatient: true,
      onBytes(chunk) {
        hash.update(chunk);
        // Parts are far smaller; a whole blob is not kept.
        if (keptBytes < LIMIT_BYTES) body.push(chunk);
        keptBytes += chunk.length;
      },
    });
    const { status, headers, broken } = answer;
    const asked = `${count} ranges at once`;
    if (status !== 200 && status !== 206)
      return fault(
        `${asked} are answered with ${status}: clients of zstd:chunked images fail. Answer 206, or the whole blob with 200`,
      );
    if (broken !== undefined) return fault(`${asked}: the answer broke off: ${broken}`);
    if (status === 200)
      return hash.digest('hex') === hexOf(digest)
        ? pass(`${asked}: the whole blob comes`)
        : fault(`${asked}: 200, with other bytes than the blob's. Look at what caches or rewrites ranges`);
    const parts = parseParts(headers['content-type'] ?? '', Buffer.concat(body));
    if (!parts)
      return fault(
        `${asked}: 206 with Content-Type: ${headers['content-type']} instead of multipart/byteranges. Pass all ranges on, or none`,
      );
    const { head } = await whole(example);
    const isRight = (part: BytesPart) =>
      part.sizeBytes === sizeBytes && part.bytes.equals(head.subarray(part.first, part.last + 1));
    const isCovered = ({ first, last }: { first: number; last: number }) =>
      parts.some((part) => part.first <= first && part.last >= last);
    if (parts.every(isRight) && ranges.every(isCovered)) return pass(`${asked}: ${parts.length} parts come`);
    return fault(
      `${asked}: the parts are not those that were asked for. Look at what caches or rewrites ranges`,
    );
  },
);

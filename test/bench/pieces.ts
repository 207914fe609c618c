import { createHash, randomFillSync } from 'node:crypto';
import { CANDIDATE } from './image.ts';
import { askFor } from './load/http.ts';
import { median } from './report/statistics.ts';

/** Small pieces: how many, and how large. */
export const SMALL_PIECES = { count: 1000, bytes: 20_000 } as const;
/** Pieces at the beginning, and at the end, whose times are compared. */
export const COMPARED_PIECES = 50;
/** What is closed, and in how many pieces it came. */
export const CLOSED_MB = 400;
export const CLOSED_IN_PIECES = [1, 2, 50] as const;

const MEGABYTE = 1_000_000;

/** What pieces of uploads cost a server. Times are in milliseconds, each a median. */
export interface PiecesResult {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of the closing PUT after small pieces. */
  readonly smallCloseMs: number;
  /** Of the closing PUT, in the order of {@link CLOSED_IN_PIECES}. */
  readonly closeMs: readonly number[];
}

/** Measures uploads in pieces, one after the other, so many times. */
export async function measurePieces(
  url: string,
  rounds: number,
  tell: (text: string) => void,
): Promise<PiecesResult> {
  const [first, last, smallClose]: [number[], number[], number[]] = [[], [], []];
  const closes = CLOSED_IN_PIECES.map((): number[] => []);
  await uploadInPieces(url, 1, MEGABYTE);
  for (let round = 1; round <= rounds; round++) {
    const small = await uploadInPieces(url, SMALL_PIECES.count, SMALL_PIECES.bytes);
    first.push(median(small.pieceMs.slice(0, COMPARED_PIECES)));
    last.push(median(small.pieceMs.slice(-COMPARED_PIECES)));
    smallClose.push(small.closeMs);
    tell(
      `round ${round}, small pieces: ${first.at(-1)} ms, then ${last.at(-1)} ms, close ${small.closeMs} ms`,
    );
    for (const [i, pieces] of CLOSED_IN_PIECES.entries()) {
      const { closeMs } = await uploadInPieces(url, pieces, (CLOSED_MB * MEGABYTE) / pieces);
      closes[i]?.push(closeMs);
      tell(`round ${round}, ${CLOSED_MB} MB in ${pieces}: closed in ${closeMs} ms`);
    }
  }
  return {
    ...{ firstMs: median(first), lastMs: median(last), smallCloseMs: median(smallClose) },
    closeMs: closes.map(median),
  };
}

/** Uploads a new blob in pieces that say where they lie. */
async function uploadInPieces(
  url: string,
  count: number,
  pieceBytes: number,
): Promise<{ pieceMs: number[]; closeMs: number }> {
  const piece = randomFillSync(Buffer.alloc(pieceBytes));
  const hash = createHash('sha256');
  const begun = await askFor(202, `${url}/v2/${CANDIDATE}/blobs/uploads/`, { method: 'POST' });
  let location = new URL(begun.headers.location ?? '', url);
  const pieceMs: number[] = [];
  for (let i = 0; i < count; i++) {
    hash.update(piece);
    const first = i * pieceBytes;
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Length': pieceBytes,
      'Content-Range': `${first}-${first + pieceBytes - 1}`,
    };
    const startedAt = performance.now();
    const patched = await askFor(202, location.href, { method: 'PATCH', headers, body: piece });
    pieceMs.push(performance.now() - startedAt);
    location = new URL(patched.headers.location ?? '', url);
  }
  location.searchParams.set('digest', `sha256:${hash.digest('hex')}`);
  const startedAt = performance.now();
  await askFor(201, location.href, { method: 'PUT', headers: { 'Content-Length': 0 } });
  return { pieceMs, closeMs: performance.now() - startedAt };
}

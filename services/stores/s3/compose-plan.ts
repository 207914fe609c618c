import type { ByteRange } from '../../registry/storage/object-store.ts';
import { PART_MIN_BYTES, PARTS_MAX } from './options.ts';

/** A source object; `index` is its place among the sources. */
export interface PlannedSource {
  readonly index: number;
  readonly sizeBytes: number;
}

/** Bytes of one source. */
export interface Piece {
  readonly index: number;
  /** Undefined for all of it. */
  readonly range: ByteRange | undefined;
  readonly sizeBytes: number;
}

/** A part of the target: copied by the server from one source, or assembled here from pieces of several. */
export type PlannedPart =
  | { readonly kind: 'copy'; readonly piece: Piece }
  | { readonly kind: 'gather'; readonly pieces: readonly Piece[] };

/** Larger parts than this are not copied; S3's own limit is 5 GiB. */
const COPY_MAX_BYTES = 4 * 1024 ** 3;

/**
 * Plans the parts of a target that is made of sources, as S3 requires: all but the last of at least 5 MiB, and at most
 * 10,000. The server copies as much as possible; only pieces too small for a part pass through here, at most twice the
 * minimum part size at once.
 */
export function planParts(sizes: readonly number[], copyBytes: number): PlannedPart[] {
  const sources = sizes
    .map((sizeBytes, index) => ({ index, sizeBytes }))
    .filter(({ sizeBytes }) => sizeBytes > 0);
  const totalBytes = sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  const partBytes = Math.min(COPY_MAX_BYTES, Math.max(copyBytes, Math.ceil(totalBytes / (PARTS_MAX / 2))));
  for (let leastBytes = PART_MIN_BYTES; ; leastBytes *= 2) {
    const plan = new Plan(leastBytes, Math.max(partBytes, leastBytes));
    for (const source of sources) plan.add(source);
    const parts = plan.end();
    if (parts.length <= PARTS_MAX) return parts;
  }
}

class Plan {
  readonly #leastBytes: number;
  readonly #partBytes: number;
  readonly #parts: PlannedPart[] = [];
  /** Pieces that wait because they are smaller than the minimum part. */
  #pending: Piece[] = [];
  #pendingBytes = 0;

  constructor(leastBytes: number, partBytes: number) {
    this.#leastBytes = leastBytes;
    this.#partBytes = partBytes;
  }

  add(source: PlannedSource): void {
    const { sizeBytes } = source;
    let position = 0;
    const take = (wantedBytes: number): Piece => {
      const first = position;
      position += wantedBytes;
      const isWhole = wantedBytes === sizeBytes;
      const range = isWhole ? undefined : { first, last: position - 1 };
      return { index: source.index, range, sizeBytes: wantedBytes };
    };
    // What waits is filled up to a part with the beginning of this one.
    if (this.#pendingBytes > 0) this.#keep(take(Math.min(this.#leastBytes - this.#pendingBytes, sizeBytes)));
    while (sizeBytes - position >= this.#leastBytes) {
      const restBytes = sizeBytes - position;
      // No rest that would be too small.
      const isLast = restBytes < this.#partBytes + this.#leastBytes;
      this.#parts.push({ kind: 'copy', piece: take(isLast ? restBytes : this.#partBytes) });
    }
    if (position < sizeBytes) this.#keep(take(sizeBytes - position));
  }

  /** All parts; the waiting pieces become the last one, which may be small. */
  end(): PlannedPart[] {
    const [only] = this.#pending;
    // Ranges of objects that are small themselves cannot be copied everywhere; whole objects can.
    if (only && this.#pending.length === 1 && only.range === undefined && this.#parts.length > 0)
      this.#parts.push({ kind: 'copy', piece: only });
    else if (only) this.#parts.push({ kind: 'gather', pieces: this.#pending });
    return this.#parts;
  }

  #keep(piece: Piece): void {
    this.#pending.push(piece);
    this.#pendingBytes += piece.sizeBytes;
    if (this.#pendingBytes < this.#leastBytes) return;
    this.#parts.push({ kind: 'gather', pieces: this.#pending });
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}

import { hexOf, type Sha256Digest } from '../oci/digest.ts';

const DIGEST_BYTES = 32;

/** An immutable set of SHA-256 digests: their bytes in order, one after the other, in memory as in the store. */
export class DigestList {
  readonly bytes: Buffer;

  /** Takes what {@link DigestList.of} made; throws for anything else. */
  constructor(bytes: Buffer) {
    if (bytes.length % DIGEST_BYTES !== 0) throw new Error(`a list of digests has ${bytes.length} bytes`);
    this.bytes = bytes;
  }

  /** Makes a list of digests in any order. */
  static of(digests: Iterable<Sha256Digest>): DigestList {
    const hex = [...new Set([...digests].map(hexOf))].sort();
    return new DigestList(Buffer.from(hex.join(''), 'hex'));
  }

  get size(): number {
    return this.bytes.length / DIGEST_BYTES;
  }

  has(digest: Sha256Digest): boolean {
    const wanted = Buffer.from(hexOf(digest), 'hex');
    let low = 0;
    for (let high = this.size; low < high; ) {
      const middle = (low + high) >>> 1;
      const at = middle * DIGEST_BYTES;
      const order = this.bytes.compare(wanted, 0, DIGEST_BYTES, at, at + DIGEST_BYTES);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }

  /** The digests, in order. */
  *[Symbol.iterator](): Generator<Sha256Digest> {
    for (let at = 0; at < this.bytes.length; at += DIGEST_BYTES)
      yield `sha256:${this.bytes.toString('hex', at, at + DIGEST_BYTES)}` as Sha256Digest;
  }
}

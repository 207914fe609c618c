import { type Digest, hexOf, type Sha256Digest } from '../oci/digest.ts';

const DIGEST_BYTES = 32;
const SLOTS_MIN = 16;
/** Fuller tables have long runs of taken slots. */
const FULL_SHARE = 0.7;
const EMPTY = -1;

/**
 * Maps many SHA-256 digests to whole numbers, zero or more. An open-addressing hash table, without an object per entry: a
 * million digests take 60 to 115 bytes each, and half as much again while it grows; a Map of strings takes 200. Digests
 * are distributed evenly, so their own first bytes are the hash.
 */
export class DigestTable {
  #digests = Buffer.alloc(SLOTS_MIN * DIGEST_BYTES);
  #values = new Float64Array(SLOTS_MIN).fill(EMPTY);
  readonly #wanted = Buffer.alloc(DIGEST_BYTES);
  #size = 0;

  /** How many digests have a number. */
  get size(): number {
    return this.#size;
  }

  has(digest: Sha256Digest): boolean {
    return this.get(digest) !== undefined;
  }

  get(digest: Sha256Digest): number | undefined {
    const value = this.#values[this.#slotOf(digest)] ?? EMPTY;
    return value === EMPTY ? undefined : value;
  }

  set(digest: Sha256Digest, value: number): void {
    const slot = this.#slotOf(digest);
    const isNew = this.#values[slot] === EMPTY;
    this.#values[slot] = value;
    if (!isNew) return;
    this.#wanted.copy(this.#digests, slot * DIGEST_BYTES);
    this.#size++;
    if (this.#size > this.#values.length * FULL_SHARE) this.#grow();
  }

  /** The digests, in no particular order; do not add to the table while iterating. */
  *[Symbol.iterator](): Generator<Sha256Digest> {
    for (const [digest] of this.entries()) yield digest;
  }

  /** The digests with their numbers, as above. */
  *entries(): Generator<[Sha256Digest, number]> {
    for (const [slot, value] of this.#values.entries())
      if (value !== EMPTY) yield [this.#digestAt(slot), value];
  }

  /** The slot that holds the digest, or the empty one where it belongs; leaves its bytes in `#wanted`. */
  #slotOf(digest: Digest): number {
    this.#wanted.write(hexOf(digest), 'hex');
    const mask = this.#values.length - 1;
    let slot = this.#wanted.readUInt32LE(0) & mask;
    while (this.#values[slot] !== EMPTY && !this.#holds(slot)) slot = (slot + 1) & mask;
    return slot;
  }

  #holds(slot: number): boolean {
    const at = slot * DIGEST_BYTES;
    return this.#digests.compare(this.#wanted, 0, DIGEST_BYTES, at, at + DIGEST_BYTES) === 0;
  }

  #digestAt(slot: number): Sha256Digest {
    const at = slot * DIGEST_BYTES;
    return `sha256:${this.#digests.toString('hex', at, at + DIGEST_BYTES)}` as Sha256Digest;
  }

  #grow(): void {
    const slots = this.#values.length * 2;
    const grown = new DigestTable();
    grown.#values = new Float64Array(slots).fill(EMPTY);
    grown.#digests = Buffer.alloc(slots * DIGEST_BYTES);
    for (const [digest, value] of this.entries()) grown.set(digest, value);
    this.#values = grown.#values;
    this.#digests = grown.#digests;
  }
}

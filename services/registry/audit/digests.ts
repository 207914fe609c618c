/** An entry names at most this many digests; beyond that, only their number. */
const DIGESTS_MAX = 1000;

/** The first of many digests, for an entry's details. */
export function firstDigests(digests: Iterable<string>): readonly string[] {
  return Iterator.from(digests).take(DIGESTS_MAX).toArray();
}

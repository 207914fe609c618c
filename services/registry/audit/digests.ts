/** An entry names at most this many digests; beyond that, only their number. */
const DIGESTS_MAX = 1000;

/** The first of many digests, for an entry's details. */
export function firstDigests(digests: Iterable<string>): readonly string[] {
  const first: string[] = [];
  for (const digest of digests) {
    if (first.length === DIGESTS_MAX) break;
    first.push(digest);
  }
  return first;
}

/** An entry names so many digests of what goes at once; of more, it tells how many. */
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

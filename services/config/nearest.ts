/** How many letters have to be put in, left out, changed or swapped with the next to make one word of another. */
export function editDistance(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      const swapped =
        one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? at(before, j - 2) + 1 : Infinity;
      next.push(Math.min(at(last, j) + 1, at(next, j - 1) + 1, at(last, j - 1) + same, swapped));
    }
    before = last;
    last = next;
  }
  return at(last, other.length);
}

function at(row: readonly number[], j: number): number {
  return row[j] ?? Infinity;
}

/** Abbreviations, and what they are of: `address` for `addr`. */
function isBeginning(one: string, other: string): boolean {
  return Math.min(one.length, other.length) > 2 && (one.startsWith(other) || other.startsWith(one));
}

/** The word most like this one; undefined when none is like it: more than a third of it would have to change. */
export function nearest(word: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const each of words) {
    const distance = isBeginning(word, each) ? 1 : editDistance(word.toLowerCase(), each);
    if (distance >= bestDistance) continue;
    best = each;
    bestDistance = distance;
  }
  return best;
}

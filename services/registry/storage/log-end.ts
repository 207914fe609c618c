/**
 * The end of a log whose entries are numbered without gaps: the highest number for which `has` says yes, found by
 * doubling and halving, never by listing. `from` is a number up to which all are known to be there. Costs one question
 * when nothing was appended since, and some that grow with the logarithm of what was.
 */
export async function endOfLog(from: number, has: (seq: number) => Promise<boolean>): Promise<number> {
  let low = from;
  let step = 1;
  while (await has(low + step)) {
    low += step;
    step *= 2;
  }
  // low is there, low + step is not: halve the gap.
  for (let high = low + step; high - low > 1; ) {
    const middle = low + Math.floor((high - low) / 2);
    if (await has(middle)) low = middle;
    else high = middle;
  }
  return low;
}

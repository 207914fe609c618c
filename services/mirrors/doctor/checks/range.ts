import { checkHeld } from '../check.ts';
import { fault, pass, skipped } from '../finding.ts';
import { rangeFault } from '../range-fault.ts';

const FIRST_BYTES = 100;

/** Whether a part of a blob can be read. */
export const range = checkHeld('range', ['held', 'bytes'], async ({ whole, ask, urlOf }, example) => {
  const last = Math.min(FIRST_BYTES, example.sizeBytes) - 1;
  if (last < 0) return skipped('the example is empty');
  const { head } = await whole(example);
  const options = { headers: { range: `bytes=0-${last}` }, isPatient: true };
  const answer = await ask(urlOf(example.digest), options);
  const wrong = rangeFault(answer, { first: 0, last, sizeBytes: example.sizeBytes });
  if (wrong !== undefined) return fault(wrong);
  if (!answer.head.equals(head.subarray(0, last + 1)))
    return fault(
      'Range: the bytes are not those that were asked for. Look at what caches or rewrites ranges',
    );
  return pass(`the first ${last + 1} bytes come alone`);
});

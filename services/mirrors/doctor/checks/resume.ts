import { hexOf } from '../../../registry/oci/digest.ts';
import { checkHeld } from '../check.ts';
import { fault, pass, skipped } from '../finding.ts';
import { rangeFault } from '../range-fault.ts';

/** Whether a download that was cut can be resumed: what came before and what comes now must make the blob. */
export const resume = checkHeld('resume', ['held', 'bytes'], async ({ whole, ask, urlOf }, example) => {
  const { digest, sizeBytes } = example;
  const { resumeAt: first, beforeResume } = await whole(example);
  if (first === 0) return skipped('the example is too small');
  const hash = beforeResume.copy();
  const answer = await ask(urlOf(digest), {
    headers: { range: `bytes=${first}-` },
    maxBytes: sizeBytes - first,
    isPatient: true,
    onBytes: (chunk) => hash.update(chunk),
  });
  const wrong = rangeFault(answer, { first, last: sizeBytes - 1, sizeBytes });
  if (wrong !== undefined) return fault(wrong);
  if (hash.digest('hex') !== hexOf(digest))
    return fault(
      'resumed bytes do not continue those before: the result has another digest. Look at what caches or rewrites ranges',
    );
  return pass(`bytes ${first} and later continue a download`);
});

import { checkHeld } from '../check.ts';
import { fault, pass } from '../finding.ts';

/** Whether clients can see from the headers when an answer is cut. */
export const length = checkHeld('length', ['held', 'encoding'], async ({ whole }, example) => {
  const { headers } = await whole(example);
  const stated = headers['content-length'];
  const size = example.sizeBytes;
  if (stated === String(size)) return pass(`Content-Length: ${size}`);
  if (stated === undefined)
    return fault(
      'there is no Content-Length: a cut looks like the end. Serve files as they are, without a filter or chunks',
    );
  return fault(
    `Content-Length: ${stated} instead of ${size}: the file is another one, or incomplete. Delete it, so that it is filled again`,
  );
});

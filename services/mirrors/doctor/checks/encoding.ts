import { checkHeld } from '../check.ts';
import { fault, pass } from '../finding.ts';

/** Whether the bytes are those of the blob, even for a client that would accept an encoding. */
export const encoding = checkHeld('encoding', ['held'], async ({ whole }, example) => {
  const { headers } = await whole(example);
  const used = headers['content-encoding'];
  if (used === undefined || used === 'identity') return pass('the bytes are not encoded');
  return fault(
    `Content-Encoding: ${used}: clients check the digest of the bytes that come. Turn compression off`,
  );
});

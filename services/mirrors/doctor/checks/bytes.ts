import { hexOf } from '../../../registry/oci/digest.ts';
import { checkHeld } from '../check.ts';
import { fault, pass } from '../finding.ts';
import { isHtml } from '../html.ts';

/** Whether every byte comes, in time, and is right. */
export const bytes = checkHeld('bytes', ['held', 'encoding'], async ({ whole }, example) => {
  const answer = await whole(example);
  const { broken, sizeBytes, sha256 } = answer;
  const size = example.sizeBytes;
  if (broken !== undefined)
    return fault(
      `the answer broke off: ${broken} of ${size}. See the error log and the timeouts of the server and of what is in front of it`,
    );
  if (sizeBytes !== size && isHtml(answer))
    return fault(
      'an HTML page comes instead of the blob: a login page or a block page. Let the path of blobs bypass it',
    );
  if (sizeBytes !== size)
    return fault(
      `${sizeBytes > size ? 'more than' : `${sizeBytes} of`} ${size} bytes came: the file is incomplete or another one. Delete it, so that it is filled again`,
    );
  if (sha256 !== hexOf(example.digest))
    return fault(
      `the bytes are wrong: their digest is sha256:${sha256}. Delete the file, and check disk and memory`,
    );
  return pass(`${size} bytes with the right digest`);
});

import { isOrigin, locationOf } from '../bounced.ts';
import { checkHeld } from '../check.ts';
import { fault, pass, skipped } from '../finding.ts';

/** Whether a blob that the mirror should hold is served at once, by the mirror itself. */
export const held = checkHeld('held', ['answers'], async ({ whole }, example) => {
  const answer = await whole(example);
  const { status, headers, url } = answer;
  if (status === 200) return pass('the example is served');
  const location = locationOf(answer);
  if (location && isOrigin(location, example.digest))
    return example.isHeld
      ? fault(
          `the example is bounced (${status}): the mirror does not hold it, or serves another directory than it is filled at`,
        )
      : skipped('the mirror does not hold the example yet; run this again when the registry has filled it');
  if (location)
    return fault(
      `the example is redirected to ${location.origin}: what is verified has to be what is served. Serve it at this URL, or make that one the mirror's URL`,
    );
  if (status === 401 || status === 403)
    return fault(
      `the example is answered with ${status}: clients never send credentials to a mirror. Open it, and check the files' permissions`,
    );
  if (status === 429 || status === 503)
    return fault(
      `the example is answered with ${status}${headers['retry-after'] ? `, Retry-After: ${headers['retry-after']}` : ''}: a limit of rates that a single client meets. Raise it`,
    );
  return fault(`the example is answered with ${status} at ${url.href}`);
});

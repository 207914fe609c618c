import { checkHeld } from '../check.ts';
import { fault, pass, warning } from '../finding.ts';

/** Whether HEAD says what GET would send. */
export const head = checkHeld('head', ['held'], async ({ ask, urlOf }, { digest, sizeBytes }) => {
  const { status, headers } = await ask(urlOf(digest), { method: 'HEAD', isPatient: true });
  if (status !== 200)
    return warning(`HEAD is answered with ${status}: some clients ask for the size first. Allow it`);
  const stated = headers['content-length'];
  if (stated === String(sizeBytes)) return pass('HEAD states the size');
  if (stated === undefined) return warning('HEAD states no Content-Length');
  return fault(
    `HEAD states ${stated} bytes instead of ${sizeBytes}: let GET and HEAD come from the same file`,
  );
});

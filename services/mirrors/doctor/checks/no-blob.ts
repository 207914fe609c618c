import type { Check } from '../check.ts';
import { fault, pass, warning } from '../finding.ts';
import { isHtml } from '../html.ts';

/** Whether what is no blob does not exist: a page for any path would pass for a blob. */
export const noBlob: Check = {
  name: 'no-blob',
  needs: ['answers'],
  async run({ noBlob: get }) {
    const answer = await get();
    const { status, headers, url } = answer;
    const path = url.pathname;
    if (status === 404 || status === 410) return pass('a path that is no blob does not exist');
    if (status < 300)
      return fault(
        `a path that is no blob (${path}) is answered with ${status}${isHtml(answer) ? ' and an HTML page' : ''}: a login page, or a server that falls back to its index. Answer 404`,
      );
    if (status < 400)
      return fault(
        `a path that is no blob (${path}) is redirected to ${headers['location']}: redirect missing blobs only, and answer 404 for the rest`,
      );
    if (status === 401 || status === 407)
      return fault(
        `the mirror asks for credentials (${status}), which clients never send to a mirror: open it`,
      );
    return warning(`a path that is no blob is answered with ${status}: answer 404`);
  },
};

import { checkHeld } from '../check.ts';
import { fault, pass, warning } from '../finding.ts';

/** Whether the header that some clients compare is right. */
export const digestHeader = checkHeld(
  'digest-header',
  ['held'],
  async ({ whole }, { digest, ...example }) => {
    const stated = (await whole({ digest, ...example })).headers['docker-content-digest'];
    if (stated === digest) return pass('Docker-Content-Digest is right');
    if (stated === undefined)
      return warning(
        'there is no Docker-Content-Digest: few clients look at it. The shipped configurations set it',
      );
    return fault(
      `Docker-Content-Digest: ${stated} instead of ${digest}. Remove the header, or derive it from the path`,
    );
  },
);

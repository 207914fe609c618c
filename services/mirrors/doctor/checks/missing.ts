import type { Sha256Digest } from '../../../registry/oci/digest.ts';
import type { Answer } from '../ask.ts';
import { isOrigin, locationOf } from '../bounced.ts';
import type { Check } from '../check.ts';
import { fault, type Outcome, pass, warning } from '../finding.ts';
import { isHtml } from '../html.ts';

/** Whether a blob that the mirror lacks is bounced, which saves every client, or limited, which saves most. */
export const missing: Check = {
  name: 'missing',
  needs: ['answers'],
  run: async ({ missing: get, missingDigest }) => judgeMissing(await get(), missingDigest),
};

const BOUNCE = 'Redirect it (307) to the /origin path of the registry';

/** What an answer to a request for a missing blob does to clients. */
export function judgeMissing(answer: Answer, digest: Sha256Digest): Outcome {
  const { status, headers, url } = answer;
  const location = locationOf(answer);
  if (location) {
    if (location.host === url.host && location.pathname === url.pathname)
      return fault(
        `a missing blob is redirected to itself (${status}): clients go round until they give up. ${BOUNCE}`,
      );
    if (!isOrigin(location, digest))
      return fault(
        `a missing blob is redirected to ${location.href}, which is not its origin path. ${BOUNCE}`,
      );
    return isKept(answer)
      ? warning(
          `bounced (${status}), but caches may keep the answer after the blob has come: use 307 with Cache-Control: no-store`,
        )
      : pass(`bounced (${status}) to ${location.origin}`);
  }
  if (status === 429)
    return warning(
      `a missing blob is answered with 429: crane and oras repeat that at the mirror until they fail. ${BOUNCE}`,
    );
  if (status === 404 || status === 410)
    return fault(`a missing blob is answered with ${status}, of which clients die. ${BOUNCE}`);
  if (status === 401 || status === 403)
    return fault(
      `a missing blob is answered with ${status}: the mirror asks for credentials, or denies access. ${BOUNCE}`,
    );
  if (status < 300)
    return fault(
      `a missing blob is answered with ${status}${isHtml(answer) ? ' and an HTML page' : ''}: clients take that for the blob. ${BOUNCE}`,
    );
  const where = headers['location'] === undefined && status < 400 ? ' without a Location' : '';
  return fault(`a missing blob is answered with ${status}${where}. ${BOUNCE}`);
}

/** A permanent redirect, or one with a lifetime, outlives the fault. */
function isKept({ status, headers }: Answer): boolean {
  const cacheControl = headers['cache-control'] ?? '';
  if (/no-store|no-cache|private|max-age=0\b/.test(cacheControl)) return false;
  return status === 301 || status === 308 || /max-age|public/.test(cacheControl);
}

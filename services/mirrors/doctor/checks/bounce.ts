import { hexOf, type Sha256Digest } from '../../../registry/oci/digest.ts';
import { isOrigin, locationOf } from '../bounced.ts';
import type { Check } from '../check.ts';
import type { Context } from '../context.ts';
import { fault, type Outcome, pass, skipped, warning } from '../finding.ts';

const EDIT = "Correct the origin's URL in the mirror's configuration";

/** Whether the origin answers where the mirror sends clients. */
export const bounce: Check = {
  name: 'bounce',
  needs: ['missing'],
  async run(context) {
    const location = locationOf(await context.missing());
    if (!location) return skipped('the mirror does not redirect');
    const { status, headers } = await context.ask(location);
    const at = `${location.origin} answers ${status} at its origin path`;
    if (status === 401 || status === 403)
      return fault(`${at}: it asks for credentials, which a bounced client does not have. ${EDIT}`);
    if (status >= 300 && status < 400) return fault(`${at}, a redirect to ${headers['location']}. ${EDIT}`);
    if (status !== 404) return fault(`${at} for a blob that does not exist, instead of 404. ${EDIT}`);
    if (context.registry && context.registry.host !== location.host)
      return warning(
        `bounces to ${location.host}, and the registry is ${context.registry.host}: make sure that they are one`,
      );
    return serves(context, location);
  },
};

/** Whether the origin has the example, which is published. */
async function serves(context: Context, missing: URL): Promise<Outcome> {
  const { example, missingDigest } = context;
  if (!example) return pass(`${missing.origin} answers at its origin path`);
  const location = new URL(missing.href.replace(pathOf(missingDigest), pathOf(example.digest)));
  const { status, headers } = await context.ask(location, { headers: { range: 'bytes=0-0' } });
  const isRight = status === 206 && headers['content-range'] === `bytes 0-0/${example.sizeBytes}`;
  if (isRight && isOrigin(location, example.digest)) return pass(`${missing.origin} serves what is bounced`);
  return fault(
    `${location.href} answers ${status} for a published blob: clients that are bounced fail. ${EDIT}, or name a blob that is published`,
  );
}

function pathOf(digest: Sha256Digest): string {
  const hex = hexOf(digest);
  return `${hex.slice(0, 2)}/${hex}`;
}

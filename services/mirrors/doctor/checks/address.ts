import { isIP } from 'node:net';
import { kindOf } from '../address-kind.ts';
import type { Check } from '../check.ts';
import { pass, warning } from '../finding.ts';

/** Whether clients follow a redirect to this URL. */
export const address: Check = {
  name: 'address',
  needs: [],
  run({ url, host, registry }) {
    if (isIP(host) === 0) return pass(`the host is a name: ${host}`);
    // As crane compares: a redirect that stays at the registry's own address is followed.
    if (kindOf(host) === 'public' || registry?.hostname === url.hostname)
      return pass(`the host is the address ${host}`);
    return warning(
      `${host} is a private or loopback address: crane 0.22 and what is built on it refuse a redirect there. Give the mirror a name`,
    );
  },
};

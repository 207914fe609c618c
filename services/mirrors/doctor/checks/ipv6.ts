import { isIP } from 'node:net';
import type { Check } from '../check.ts';
import { pass, skipped, warning } from '../finding.ts';
import { inWords } from '../trouble.ts';
import { connects } from './connection.ts';

/** This machine has no way to IPv6 addresses, which says nothing of the mirror. */
const NO_ROUTE = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** Whether clients that have only IPv6 reach the mirror. */
export const ipv6: Check = {
  name: 'ipv6',
  needs: ['names'],
  async run({ host, port, addresses }) {
    if (isIP(host) === 4) return skipped('the URL has an IPv4 address');
    const all = (await addresses()).filter(({ family }) => family === 6);
    if (all.length === 0)
      return warning(
        `${host} has no IPv6 address: clients that have only IPv6 cannot use it. Add an AAAA record`,
      );
    for (const { address } of all) {
      const failure = await connects({ host: address, port });
      const { code = '' } = (failure ?? {}) as { code?: string };
      if (NO_ROUTE.includes(code)) return skipped(`this machine has no IPv6: ${address} was not tried`);
      if (failure !== undefined)
        return warning(
          `${address} port ${port}: ${inWords(failure)}. Clients try IPv6 first, and wait: let the server listen there, or remove the AAAA record`,
        );
    }
    return pass(`${all.map(({ address }) => address).join(', ')} accepts connections`);
  },
};

import { isIP } from 'node:net';
import { isPublicName, kindOf } from '../address-kind.ts';
import type { Check } from '../check.ts';
import { fault, pass, warning } from '../finding.ts';
import { inWords } from '../trouble.ts';

/** Whether the mirror's name resolves to addresses that its clients reach. */
export const names: Check = {
  name: 'names',
  needs: [],
  async run({ host, addresses }) {
    if (isIP(host) !== 0) return pass('an address needs no name server');
    const found = await addresses().catch((error: unknown) => inWords(error));
    if (typeof found === 'string') return fault(`${host}: ${found}. Add an address record for it`);
    const all = found.map(({ address }) => address);
    if (!isPublicName(host)) return pass(`${host} is ${all.join(', ')}`);
    const of = (kind: string) => all.filter((address) => kindOf(address) === kind);
    const local = of('local');
    if (local.length > 0)
      return fault(
        `${host} is ${local.join(', ')}, which leads every client to its own machine. Correct the address record; on the mirror itself, where /etc/hosts may say so, run this elsewhere`,
      );
    const inside = of('private');
    if (inside.length > 0)
      return warning(
        `${host} is ${inside.join(', ')}, a private address under a public name: only clients inside that network reach it. Correct the record, or let the mirror serve its own networks only`,
      );
    return pass(`${host} is ${all.join(', ')}`);
  },
};

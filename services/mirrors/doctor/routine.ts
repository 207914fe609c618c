import type { Check } from './check.ts';
import { answers } from './checks/answers.ts';
import { clock } from './checks/clock.ts';
import { ipv6 } from './checks/ipv6.ts';
import { names } from './checks/names.ts';
import { tls } from './checks/tls.ts';
import { type Context, type DoctorOptions, openContext } from './context.ts';
import { examineBy } from './doctor.ts';
import type { Finding } from './finding.ts';

/** What changes by itself while a mirror is used: its names, its certificate, its clock. */
const CHECKS: readonly Check[] = [
  names,
  { ...tls, needs: ['names'] },
  { ...answers, needs: ['names'] },
  clock,
];
/** Only where it has an IPv6 address: a mirror without one is used as well. */
const WITH_IPV6: readonly Check[] = [...CHECKS, ipv6];

/**
 * What the operator of a mirror in use should hear before it hurts: a certificate that ends, a public name that leads to a
 * private address, a clock that is wrong, an IPv6 address that does not answer. That a mirror is down is not among them.
 */
export async function examineRoutinely(options: DoctorOptions): Promise<Finding[]> {
  await using context = openContext(options);
  const findings = await examineBy((await hasIpv6(context)) ? WITH_IPV6 : CHECKS, context);
  return findings.filter(
    ({ check, verdict }) => verdict === 'warning' || (verdict === 'fault' && check !== answers.name),
  );
}

async function hasIpv6({ addresses }: Context): Promise<boolean> {
  const all = await addresses().catch(() => []);
  return all.some(({ family }) => family === 6);
}

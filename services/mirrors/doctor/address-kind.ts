import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Who reaches an address: everyone, those inside a site, or this machine and its link alone. */
export type AddressKind = 'public' | 'private' | 'local';

const PRIVATE = ['private', 'uniqueLocal', 'carrierGradeNat'];
const LOCAL = ['loopback', 'linkLocal', 'unspecified'];

/** Sorts an IP address. */
export function kindOf(address: string): AddressKind {
  const range = ipaddr.process(address.split('%')[0] ?? '').range();
  if (LOCAL.includes(range)) return 'local';
  return PRIVATE.includes(range) ? 'private' : 'public';
}

/** Names that only one site resolves. */
const SITE_NAME =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|private|lan|home|corp|test|home\.arpa)$/;

/** Whether a host is a name in the public DNS, by its form. */
export function isPublicName(host: string): boolean {
  return isIP(host) === 0 && host.includes('.') && !SITE_NAME.test(host);
}

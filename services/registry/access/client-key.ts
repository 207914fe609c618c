import ipaddr from 'ipaddr.js';

/** So much of an IPv6 address is a subscriber's own: whoever has one address has the whole network to ask from. */
const IPV6_PREFIX_PARTS = 4;

/**
 * What a client counts as where clients are counted: its IPv4 address, or the /64 network of its IPv6 address. What is
 * no address counts as itself, cut to a length that no address has.
 */
export function clientKeyOf(address: string): string {
  // Most are of IPv4, as they are; nothing is parsed for them.
  if (!address.includes(':')) return address.slice(0, ADDRESS_MAX_CHARS);
  if (!ipaddr.IPv6.isValid(address)) return address.slice(0, ADDRESS_MAX_CHARS);
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  const parts = parsed.parts.slice(0, IPV6_PREFIX_PARTS).map((part) => part.toString(16));
  return `${parts.join(':')}::/64`;
}

const ADDRESS_MAX_CHARS = 45;

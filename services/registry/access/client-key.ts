import ipaddr from 'ipaddr.js';

/** The prefix length that an IPv6 subscriber gets: a client with one address can use the whole network. */
const IPV6_PREFIX_PARTS = 4;

/**
 * The key under which a client is counted: its IPv4 address, or the /64 network of its IPv6 address. Anything else is
 * its own key, cut to a bounded length.
 */
export function clientKeyOf(address: string): string {
  // Most clients use IPv4: no parsing for them.
  if (!address.includes(':')) return address.slice(0, ADDRESS_MAX_CHARS);
  if (!ipaddr.IPv6.isValid(address)) return address.slice(0, ADDRESS_MAX_CHARS);
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  const parts = parsed.parts.slice(0, IPV6_PREFIX_PARTS).map((part) => part.toString(16));
  return `${parts.join(':')}::/64`;
}

const ADDRESS_MAX_CHARS = 45;

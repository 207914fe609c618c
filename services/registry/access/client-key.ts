import ipaddr from 'ipaddr.js';

/** The networks that a client is part of, each as a key of its own. */
export interface ClientNetworks {
  /** Its IPv4 address, or the /64 network of its IPv6 address: what an IPv6 subscriber gets at least. */
  readonly client: string;
  /** IPv4 /24 or IPv6 /48: about what one customer of a hoster or provider can get hold of. */
  readonly network: string;
  /** IPv4 /16 or IPv6 /32: about what is routed to one hoster or provider. */
  readonly supernet: string;
  /** Whether a client can have any number of addresses, and so its own budget bounds nothing. */
  readonly isIPv6: boolean;
}

const ADDRESS_MAX_CHARS = 45;

/**
 * The key under which a client is counted: its IPv4 address, or the /64 network of its IPv6 address. Anything else is
 * its own key, cut to a bounded length.
 */
export function clientKeyOf(address: string): string {
  // Most clients use IPv4: no parsing for them.
  if (!address.includes(':')) return address.slice(0, ADDRESS_MAX_CHARS);
  return clientNetworksOf(address).client;
}

/** The networks of an address; what is no address is alone in its networks. */
export function clientNetworksOf(address: string): ClientNetworks {
  const parsed = ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
  if (parsed === undefined) {
    const client = address.slice(0, ADDRESS_MAX_CHARS);
    return { client, network: client, supernet: client, isIPv6: false };
  }
  if (parsed instanceof ipaddr.IPv4) {
    const [a, b, c] = parsed.octets;
    const client = parsed.toString();
    return { client, network: `${a}.${b}.${c}.0/24`, supernet: `${a}.${b}.0.0/16`, isIPv6: false };
  }
  const first = (parts: number) =>
    `${parsed.parts
      .slice(0, parts)
      .map((part) => part.toString(16))
      .join(':')}::/${16 * parts}`;
  return { client: first(4), network: first(3), supernet: first(2), isIPv6: true };
}
